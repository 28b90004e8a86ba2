//! The resources of a server: lists, templates, and reading.

use std::time::Instant;

use rmcp::model::{ClientRequest, ReadResourceRequest, ReadResourceRequestParams, ServerResult};

use super::resource_cache::freshness;
use super::server::Server;
use super::{McpError, ResourceContent, ResourceInfo, ResourceTemplate, pages, translate};

/// Resources of one server, and templates.
const RESOURCES_MAX: usize = 2048;

/// JSON-RPC 2.0, section 5.1.
const METHOD_NOT_FOUND: i64 = -32601;

impl Server {
    pub(super) async fn resources(&self) -> Result<Vec<ResourceInfo>, McpError> {
        let connection = self.ready().await?;
        if connection.capabilities().resources.is_none() {
            return Ok(Vec::new());
        }
        let listing = pages::all(RESOURCES_MAX, async |params| {
            let page = connection.client.list_resources(params).await?;
            Ok((page.resources, page.next_cursor))
        });
        let listed = connection.limited(listing).await?;
        let resources: Vec<ResourceInfo> = listed.items.into_iter().filter_map(translate::resource).collect();
        self.remember_that(|remembered| {
            remembered.resources = resources.iter().map(|resource| resource.uri.clone()).collect();
        });
        Ok(resources)
    }

    pub(super) async fn resource_templates(&self) -> Result<Vec<ResourceTemplate>, McpError> {
        let connection = self.ready().await?;
        if connection.capabilities().resources.is_none() {
            return Ok(Vec::new());
        }
        let listing = pages::all(RESOURCES_MAX, async |params| {
            let page = connection.client.list_resource_templates(params).await?;
            Ok((page.resource_templates, page.next_cursor))
        });
        match connection.limited(listing).await {
            Ok(listed) => Ok(listed.items.into_iter().filter_map(translate::resource_template).collect()),
            // Not every server with resources knows of templates.
            Err(McpError::Refused { code: METHOD_NOT_FOUND, .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// From what was read before, as long as the server allows it and has not told of a change.
    pub(super) async fn read_resource(&self, uri: &str) -> Result<Vec<ResourceContent>, McpError> {
        let connection = self.ready().await?;
        self.resources.borrow_mut().apply(self.changes.take_resources());
        if let Some(contents) = self.resources.borrow().get(uri, Instant::now()) {
            return Ok(contents);
        }
        // Before it is read, so that no update goes unheard in between.
        let tells_updates = connection.listen_to_resource(uri, &self.changes).await;
        let answer = connection.ask(None, |round| {
            let mut params = ReadResourceRequestParams::new(uri);
            params.input_responses = round.responses;
            params.request_state = round.state;
            ClientRequest::ReadResourceRequest(ReadResourceRequest::new(params))
        });
        match answer.await? {
            ServerResult::ReadResourceResult(result) => {
                let fresh = freshness(result.ttl_ms, tells_updates);
                let contents = translate::read_result(result);
                self.resources.borrow_mut().insert(uri, &contents, fresh, Instant::now());
                Ok(contents)
            }
            _ => Err(connection.unexpected()),
        }
    }
}
