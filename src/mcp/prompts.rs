//! The prompts of a server, filled in and completed.

use rmcp::model::{
    ArgumentInfo, ClientRequest, CompleteRequestParams, CompletionContext, GetPromptRequest, GetPromptRequestParams,
    Reference, ServerResult,
};
use serde_json::{Map, Value};

use super::remembered::PromptNames;
use super::server::Server;
use super::{Completion, CompletionQuestion, CompletionSubject, McpError, PromptInfo, PromptMessage, pages, translate};

/// Prompts of one server.
const PROMPTS_MAX: usize = 512;

/// Messages of one prompt.
const MESSAGES_MAX: usize = 256;

/// Suggestions for one argument; the specification allows no more.
const SUGGESTIONS_MAX: usize = 100;

impl Server {
    pub(super) async fn prompts(&self) -> Result<Vec<PromptInfo>, McpError> {
        let connection = self.ready().await?;
        if connection.capabilities().prompts.is_none() {
            return Ok(Vec::new());
        }
        let listing = pages::all(PROMPTS_MAX, async |params| {
            let page = connection.client.list_prompts(params).await?;
            Ok((page.prompts, page.next_cursor))
        });
        let listed = connection.limited(listing).await?;
        let prompts: Vec<PromptInfo> = listed.items.into_iter().filter_map(translate::prompt).collect();
        self.remember_that(|remembered| remembered.prompts = prompts.iter().map(names_of).collect());
        Ok(prompts)
    }

    pub(super) async fn prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Vec<PromptMessage>, McpError> {
        let connection = self.ready().await?;
        let answer = connection.ask(None, |round| {
            let mut params = GetPromptRequestParams::new(name).with_arguments(arguments.clone());
            params.input_responses = round.responses;
            params.request_state = round.state;
            ClientRequest::GetPromptRequest(GetPromptRequest::new(params))
        });
        match answer.await? {
            ServerResult::GetPromptResult(result) => {
                Ok(result.messages.into_iter().take(MESSAGES_MAX).map(translate::prompt_message).collect())
            }
            _ => Err(connection.unexpected()),
        }
    }

    /// Nothing is suggested by a server that does not know how to.
    pub(super) async fn complete(&self, question: &CompletionQuestion) -> Result<Completion, McpError> {
        let connection = self.ready().await?;
        if connection.capabilities().completions.is_none() {
            return Ok(Completion::default());
        }
        let CompletionQuestion { subject, argument, value, known } = question;
        let reference = match subject {
            CompletionSubject::Prompt(name) => Reference::for_prompt(name),
            CompletionSubject::Template(template) => Reference::for_resource(template),
        };
        let mut params = CompleteRequestParams::new(reference, ArgumentInfo::new(argument, value));
        if !known.is_empty() {
            params.context = Some(CompletionContext::with_arguments(known.iter().cloned().collect()));
        }
        let completing = async { connection.client.complete(params).await.map(|result| result.completion) };
        let found = connection.limited(completing).await?;
        let has_more = found.has_more == Some(true) || found.values.len() > SUGGESTIONS_MAX;
        Ok(Completion { values: found.values.into_iter().take(SUGGESTIONS_MAX).collect(), has_more })
    }
}

fn names_of(prompt: &PromptInfo) -> PromptNames {
    let arguments = prompt.arguments.iter().map(|argument| argument.name.clone()).collect();
    PromptNames { name: prompt.name.clone(), arguments }
}
