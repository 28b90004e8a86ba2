//! Calls that become tasks: asked after until they are done, and answered like any other call.

use std::time::Duration;

use rmcp::model::{CallToolResult, CancelTaskParams, GetTaskParams, Task, TaskPayload, UpdateTaskParams};
use rmcp::service::{Peer, RoleClient};
use serde_json::Value;
use tokio::time::Instant;

use super::client_features::ClientFeatures;
use super::connection::Connection;
use super::request::answer_all;
use super::server::Server;
use super::{CallResult, HostEvent, McpError, translate};

/// How long a task may take in all.
const TASK_MAX: Duration = Duration::from_secs(3600);

const POLL_DEFAULT: Duration = Duration::from_secs(1);
const POLL_MIN: Duration = Duration::from_millis(20);
const POLL_MAX: Duration = Duration::from_secs(30);

/// The code of JSON-RPC for a failure within a server.
const INTERNAL_ERROR: i64 = -32603;

/// What a task is called at most, in bytes.
const ID_BYTES_MAX: usize = 1024;

impl Server {
    /// Waits for a task. Given up, the server is told.
    pub(super) async fn finish_task(
        &self,
        connection: &Connection,
        task: Task,
        call: &str,
    ) -> Result<CallResult, McpError> {
        if task.task_id.len() > ID_BYTES_MAX {
            return Err(connection.unexpected());
        }
        let (peer, features) = (connection.client.peer().clone(), connection.client.service().clone());
        let mut open = OpenTask { peer, features, id: Some(task.task_id.clone()) };
        let deadline = Instant::now() + TASK_MAX;
        let mut wait = poll_wait(task.poll_interval_ms);
        while Instant::now() < deadline {
            tokio::time::sleep(wait).await;
            let params = GetTaskParams::new(task.task_id.clone());
            let found = connection.limited(connection.client.get_task(params)).await?.task;
            wait = poll_wait(found.task.poll_interval_ms);
            match found.payload {
                TaskPayload::Working => self.tell_task(call, found.task.status_message),
                TaskPayload::InputRequired { input_requests } => {
                    let answers = answer_all(connection.client.service(), input_requests).await;
                    let answers = connection.named(answers).await?;
                    let params = UpdateTaskParams::new(task.task_id.clone(), answers);
                    connection.limited(connection.client.update_task(params)).await?;
                }
                TaskPayload::Completed { result } => {
                    open.id = None;
                    let result: Result<CallToolResult, _> = serde_json::from_value(Value::Object(result));
                    return result.map(translate::call_result).map_err(|_| connection.unexpected());
                }
                TaskPayload::Failed { error } => {
                    open.id = None;
                    let code = error.get("code").and_then(Value::as_i64).unwrap_or(INTERNAL_ERROR);
                    let message = error.get("message").and_then(Value::as_str).unwrap_or("the task failed");
                    return Err(self.refused(code, message.to_owned()));
                }
                TaskPayload::Cancelled => {
                    open.id = None;
                    return Err(self.refused(INTERNAL_ERROR, "the task was cancelled".to_owned()));
                }
                _ => return Err(connection.unexpected()),
            }
        }
        Err(McpError::TimedOut { server: self.name().to_owned(), after: TASK_MAX })
    }

    fn tell_task(&self, call: &str, message: Option<String>) {
        if message.is_some() {
            let (server, call) = (self.name().to_owned(), call.to_owned());
            self.tell(HostEvent::Progress { server, call, progress: 0.0, total: None, message });
        }
    }
}

fn poll_wait(interval_ms: Option<u64>) -> Duration {
    interval_ms.map_or(POLL_DEFAULT, Duration::from_millis).clamp(POLL_MIN, POLL_MAX)
}

/// A task without a result. Dropping it cancels it.
struct OpenTask {
    peer: Peer<RoleClient>,
    features: ClientFeatures,
    id: Option<String>,
}

impl Drop for OpenTask {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let peer = self.peer.clone();
        self.features.send_farewell(async move { peer.cancel_task(CancelTaskParams::new(id)).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_make_us_ask_all_the_time_or_never() {
        assert_eq!(poll_wait(None), Duration::from_secs(1));
        assert_eq!(poll_wait(Some(0)), Duration::from_millis(20));
        assert_eq!(poll_wait(Some(u64::MAX)), Duration::from_secs(30));
    }
}
