//! Changes that a server tells of only when it is asked to: both ways of the protocol to ask.
#![expect(deprecated, reason = "older servers know no other way to subscribe")]

use rmcp::model::{ServerNotification, SubscribeRequestParams, SubscriptionFilter};
use rmcp::service::Subscription;

use super::changes::Changes;
use super::connect::Era;
use super::connection::Connection;

/// Resources of one server that we want to hear of. With a handshake that costs nothing; without, each
/// is a request that stays open.
const LEGACY_MAX: usize = 64;
const MODERN_MAX: usize = 8;

impl Connection {
    /// Wants to hear of changed lists, where a server has to be asked for that.
    pub(super) async fn listen_to_lists(&self, changes: &Changes) {
        if self.era() != Some(Era::Modern) {
            return;
        }
        let capabilities = self.capabilities();
        let tells = |list_changed: Option<bool>| list_changed.filter(|tells| *tells);
        let mut filter = SubscriptionFilter::new();
        filter.tools_list_changed = capabilities.tools.and_then(|tools| tells(tools.list_changed));
        filter.resources_list_changed = capabilities.resources.and_then(|resources| tells(resources.list_changed));
        if filter != SubscriptionFilter::new() {
            // A server that does not do what it says keeps its lists until it is started again.
            let _ = self.listen(filter, changes).await;
        }
    }

    /// Wants to hear of a resource; whether we will.
    pub(super) async fn listen_to_resource(&self, uri: &str, changes: &Changes) -> bool {
        if self.subscribed.borrow().contains(uri) {
            return true;
        }
        let tells = self.capabilities().resources.is_some_and(|resources| resources.subscribe == Some(true));
        let count = self.subscribed.borrow().len();
        let is_heard = match self.era() {
            Some(Era::Legacy) if tells && count < LEGACY_MAX => {
                self.limited(self.client.subscribe(SubscribeRequestParams::new(uri))).await.is_ok()
            }
            Some(Era::Modern) if tells && count < MODERN_MAX => {
                let filter = SubscriptionFilter::builder().resource_subscription(uri).build();
                self.listen(filter, changes).await.is_some()
            }
            Some(Era::Legacy | Era::Modern) | None => false,
        };
        if is_heard {
            self.subscribed.borrow_mut().insert(uri.to_owned());
        }
        is_heard
    }

    async fn listen(&self, filter: SubscriptionFilter, changes: &Changes) -> Option<()> {
        let subscription = self.limited(self.client.listen(filter)).await.ok()?;
        let task = tokio::spawn(hear(subscription, changes.clone()));
        self.keep(task.abort_handle());
        Some(())
    }
}

async fn hear(mut subscription: Subscription, changes: Changes) {
    while let Ok(Some(notification)) = subscription.next().await {
        match notification {
            ServerNotification::ToolListChangedNotification(_) => changes.tools_changed(),
            ServerNotification::ResourceListChangedNotification(_) => changes.resources_changed(),
            ServerNotification::ResourceUpdatedNotification(update) => changes.resource_updated(&update.params.uri),
            _ => {}
        }
    }
    // From here on nothing is heard any more, so nothing is sure.
    changes.resources_changed();
}
