//! Opens a connection ahead of the request that will use it, without sending anything.
//!
//! reqwest can only connect to send. So a request that is made to fail goes out: its call of the
//! connector, recognised by a task-local value, connects, keeps the connection here and fails. The
//! call of the connector for the next real request to the same origin takes the connection.

use std::any::Any;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

/// Many servers hang up on a connection that has been silent for a minute.
pub(super) const WARM_MAX: Duration = Duration::from_secs(55);

type BoxError = Box<dyn Error + Send + Sync>;

tokio::task_local! {
    /// Why the connector is called; set around each request.
    pub(super) static PURPOSE: Purpose;
}

/// Scheme, host and port, as in `https://api.openai.com:443`.
pub(super) type Origin = String;

#[derive(Clone)]
pub(super) enum Purpose {
    /// Connect, hand the connection over, fail.
    Prewarm(Arc<Mutex<Option<oneshot::Sender<Warm>>>>),
    Request {
        origin: Origin,
        /// Set when a connection was opened for this very request.
        is_fresh: Arc<AtomicBool>,
    },
}

/// A connection nobody has used. Its type cannot be named outside of reqwest.
pub(super) struct Warm {
    connection: Box<dyn Any + Send>,
    opened: Instant,
}

/// Connections that are being opened or wait for their request, by origin, and what is known of
/// the ones in the pool.
#[derive(Clone, Default)]
pub(super) struct WarmConnections(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    warm: HashMap<Origin, Place>,
    /// When a connection was last given back to the pool.
    pooled: HashMap<Origin, Instant>,
    /// Requests under way.
    in_use: HashMap<Origin, usize>,
    last_number: u64,
}

struct Place {
    number: u64,
    receiver: oneshot::Receiver<Warm>,
}

/// A request, from its beginning to the end of its response.
pub(super) struct Lease {
    connections: WarmConnections,
    origin: Origin,
}

impl Lease {
    /// The connection takes further requests.
    pub(super) fn is_reusable(&self) {
        self.connections.places().pooled.insert(self.origin.clone(), Instant::now());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut places = self.connections.places();
        if let Some(count) = places.in_use.get_mut(&self.origin) {
            *count -= 1;
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Lease({})", self.origin)
    }
}

/// A place that was reserved for a connection.
pub(super) struct Reserved {
    pub(super) number: u64,
    pub(super) sender: oneshot::Sender<Warm>,
}

impl WarmConnections {
    /// Reserves the place of `origin`; `None` where a connection is there, on its way, in use
    /// or in the pool.
    pub(super) fn reserve(&self, origin: &Origin) -> Option<Reserved> {
        let mut places = self.places();
        let is_pooled = places.pooled.get(origin).is_some_and(|at| at.elapsed() < WARM_MAX);
        let is_in_use = places.in_use.get(origin).is_some_and(|count| *count > 0);
        if is_pooled || is_in_use || places.warm.contains_key(origin) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        places.last_number += 1;
        let number = places.last_number;
        places.warm.insert(origin.clone(), Place { number, receiver });
        Some(Reserved { number, sender })
    }

    pub(super) fn take(&self, origin: &Origin) -> Option<oneshot::Receiver<Warm>> {
        self.places().warm.remove(origin).map(|place| place.receiver)
    }

    /// Closes the connection of a reservation that nobody came for.
    pub(super) fn expire(&self, origin: &Origin, number: u64) {
        let mut places = self.places();
        if places.warm.get(origin).is_some_and(|place| place.number == number) {
            places.warm.remove(origin);
        }
    }

    /// A request to `origin` begins.
    pub(super) fn lease(&self, origin: Origin) -> Lease {
        let mut places = self.places();
        places.pooled.remove(&origin);
        *places.in_use.entry(origin.clone()).or_default() += 1;
        drop(places);
        Lease { connections: self.clone(), origin }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
pub(super) struct PrewarmLayer(pub(super) WarmConnections);

impl<R, C> Layer<BoxCloneSyncService<R, C, BoxError>> for PrewarmLayer
where
    R: Send + 'static,
    C: Send + 'static,
{
    type Service = PrewarmConnector<R, C>;

    fn layer(&self, inner: BoxCloneSyncService<R, C, BoxError>) -> Self::Service {
        PrewarmConnector { inner, warm: self.0.clone() }
    }
}

pub(super) struct PrewarmConnector<R, C> {
    inner: BoxCloneSyncService<R, C, BoxError>,
    warm: WarmConnections,
}

impl<R, C> Clone for PrewarmConnector<R, C> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), warm: self.warm.clone() }
    }
}

impl<R, C> Service<R> for PrewarmConnector<R, C>
where
    R: Send + 'static,
    C: Send + 'static,
{
    type Response = C;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `oneshot` below waits until the inner service is ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connect = self.inner.clone().oneshot(target);
        match PURPOSE.try_with(Clone::clone) {
            Ok(Purpose::Prewarm(place)) => Box::pin(keep(connect, place)),
            Ok(Purpose::Request { origin, is_fresh }) => {
                Box::pin(take_or_connect(connect, self.warm.take(&origin), is_fresh))
            }
            Err(_) => Box::pin(connect),
        }
    }
}

async fn keep<C: Send + 'static>(
    connect: impl Future<Output = Result<C, BoxError>>,
    place: Arc<Mutex<Option<oneshot::Sender<Warm>>>>,
) -> Result<C, BoxError> {
    let connection: Box<dyn Any + Send> = Box::new(connect.await?);
    let sender = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(sender) = sender {
        // Nobody waits any more when the send fails; the connection is closed then.
        let _ = sender.send(Warm { connection, opened: Instant::now() });
    }
    Err("the connection is kept for the first request".into())
}

async fn take_or_connect<C: 'static>(
    connect: impl Future<Output = Result<C, BoxError>>,
    warm: Option<oneshot::Receiver<Warm>>,
    is_fresh: Arc<AtomicBool>,
) -> Result<C, BoxError> {
    if let Some(receiver) = warm
        && let Ok(warm) = receiver.await
        && warm.opened.elapsed() < WARM_MAX
        && let Ok(connection) = warm.connection.downcast::<C>()
    {
        return Ok(*connection);
    }
    is_fresh.store(true, Ordering::Relaxed);
    connect.await
}

#[cfg(test)]
mod tests {
    use super::{Reserved, WarmConnections};

    #[test]
    fn one_connection_is_opened_for_each_time_that_none_is_left() {
        let connections = WarmConnections::default();
        let origin = "https://api.test:443".to_owned();
        let wants_one = || connections.reserve(&origin).map(|Reserved { number, .. }| number);
        assert_eq!((wants_one(), wants_one()), (Some(1), None));
        connections.expire(&origin, 7);
        assert_eq!(wants_one(), None);
        connections.expire(&origin, 1);
        assert_eq!(wants_one(), Some(2));

        let request = connections.lease(origin.clone());
        drop(connections.take(&origin));
        assert_eq!(wants_one(), None, "one is in use");
        request.is_reusable();
        drop(request);
        assert_eq!(wants_one(), None, "one is in the pool");
        drop(connections.lease(origin.clone()));
        assert_eq!(wants_one(), Some(3), "the one that was used broke");
    }
}
