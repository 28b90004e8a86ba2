//! By the events of a console.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::JobSignal;
use crate::session::CancelCause;

/// All that end a turn or the program, each without an end.
pub fn causes() -> std::io::Result<Vec<BoxStream<'static, CancelCause>>> {
    let (pressed, broken, closed, shut_down) = (ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?);
    Ok(vec![
        stream::unfold(pressed, |mut event| async { event.recv().await.map(|()| (CancelCause::UserInterrupt, event)) })
            .boxed(),
        stream::unfold(broken, |mut event| async { event.recv().await.map(|()| (CancelCause::Terminate, event)) })
            .boxed(),
        stream::unfold(closed, |mut event| async { event.recv().await.map(|()| (CancelCause::HangUp, event)) }).boxed(),
        stream::unfold(shut_down, |mut event| async { event.recv().await.map(|()| (CancelCause::Terminate, event)) })
            .boxed(),
    ])
}

/// There are none: no shell stops its jobs and continues them.
pub struct JobSignals;

impl JobSignals {
    /// Never fails.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub async fn next(&mut self) -> JobSignal {
        std::future::pending().await
    }
}
