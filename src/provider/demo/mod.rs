//! The built-in offline model: real server bytes without a server, to try, to show and to test with.

mod script;
mod stream;
mod tour;

pub use stream::DemoStream;

use serde_json::json;

use super::{ChatRequest, ErrorKind, EventStream, Opening, Provider, ProviderError, ProviderSettings};
use script::{Script, Seen};

/// The models and what they do, for lists and completion.
pub const MODELS: [(&str, &str); 9] = [
    ("tour", "shows what sayso does"),
    ("echo", "repeats the last message"),
    ("slow", "says one word every 700 ms"),
    ("long", "writes very much (-o chunks=N)"),
    ("fail-401", "refuses the key"),
    ("fail-429", "asks to wait"),
    ("fail-500", "fails like a broken server"),
    ("fail-cut", "breaks off in the middle"),
    ("fail-stall", "falls silent in the middle"),
];

const URL: &str = "demo://sayso/chat/completions";

/// The dialect `demo`. It reaches no network and needs no key.
pub struct Demo {
    settings: ProviderSettings,
}

impl Demo {
    #[must_use]
    pub fn new(settings: ProviderSettings) -> Self {
        Self { settings }
    }

    fn begin(&self, request: &ChatRequest<'_>) -> Result<EventStream, ProviderError> {
        if let Some(error) = self.refusal(request.model) {
            return Err(error);
        }
        let script = Script::new(request).map_err(|problem| self.error(ErrorKind::Rejected, 400, problem))?;
        let Some(script) = script else {
            return Err(self.unknown_model(request.model));
        };
        Ok(EventStream::from_demo(DemoStream::new(request.model, script)))
    }

    /// What a server would answer in the place of a stream.
    fn refusal(&self, model: &str) -> Option<ProviderError> {
        let name = &self.settings.name;
        Some(match model {
            "fail-401" => ProviderError {
                key_source: Some("none: the demo model only plays a refusal".into()),
                ..self
                    .error(ErrorKind::Auth, 401, format!("{name} refused the API key (401)"))
                    .hint("this is a demonstration; a real provider would want a new key here")
            },
            "fail-429" => ProviderError {
                retry_after: Some(std::time::Duration::from_secs(1)),
                ..self
                    .error(ErrorKind::RateLimited, 429, format!("{name} is rate limited (429)"))
                    .hint("wait a little, or choose another model with `-m`")
            },
            "fail-500" => self
                .error(ErrorKind::Failed, 500, format!("{name} failed (500): the demo server is broken on purpose"))
                .hint("try again later, or choose another model with `-m`"),
            _ => return None,
        })
    }

    fn unknown_model(&self, model: &str) -> ProviderError {
        let names = MODELS.map(|(name, _)| name);
        let near = names
            .into_iter()
            .map(|name| (strsim::jaro_winkler(model, name), name))
            .filter(|(likeness, _)| *likeness > 0.7)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let list = format!("the demo models are {}", names.join(", "));
        let hint = near.map_or_else(|| list.clone(), |(_, name)| format!("did you mean `{name}`? {list}"));
        self.error(ErrorKind::Rejected, 404, format!("{} has no model `{model}` (404)", self.settings.name)).hint(hint)
    }

    fn error(&self, kind: ErrorKind, status: u16, message: String) -> ProviderError {
        ProviderError {
            status: Some(status),
            request: Some(format!("POST {URL}")),
            request_id: Some(format!("demo-{status}")),
            ..ProviderError::new(kind, message)
        }
    }
}

impl Provider for Demo {
    fn describe(&self, request: &ChatRequest<'_>) -> String {
        let system = request.system.map(|text| json!({"role": "system", "content": text}));
        let content = |message| {
            let seen = Seen::of(message);
            seen.with(&seen.text)
        };
        let messages = request.messages.iter();
        let messages = messages.map(|message| json!({"role": message.role.name(), "content": content(message)}));
        let mut body = json!({
            "model": request.model,
            "messages": system.into_iter().chain(messages).collect::<Vec<_>>(),
            "stream": request.stream,
        });
        for (name, value) in &request.parameters.extra {
            body[name.as_str()] = value.clone();
        }
        format!("POST {URL}\ncontent-type: application/json\n\n{body:#}")
    }

    fn open<'a>(&'a self, request: &'a ChatRequest<'a>) -> Opening<'a> {
        Box::pin(std::future::ready(self.begin(request)))
    }

    fn prewarm(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Api, ModelParameters};

    fn demo() -> Demo {
        Demo::new(ProviderSettings {
            name: "demo".into(),
            api: Api::Demo,
            base_url: "demo://sayso".into(),
            model: "tour".into(),
            key: None,
            key_source: String::new(),
            headers: Vec::new(),
            parameters: ModelParameters::default(),
            record: None,
        })
    }

    fn error_of(model: &str, parameters: &ModelParameters) -> ProviderError {
        let request = ChatRequest::new(model, &[], parameters);
        demo().begin(&request).err().expect("fails")
    }

    #[test]
    fn failures_look_like_those_of_a_server() {
        let seen = ["fail-401", "fail-429", "fail-500"].map(|model| {
            let error = error_of(model, &ModelParameters::default());
            (error.kind, error.status, error.retry_after.is_some())
        });
        assert_eq!(
            seen,
            [
                (ErrorKind::Auth, Some(401), false),
                (ErrorKind::RateLimited, Some(429), true),
                (ErrorKind::Failed, Some(500), false)
            ]
        );
    }

    #[test]
    fn an_unknown_model_is_answered_with_the_list() {
        let error = error_of("tuor", &ModelParameters::default());
        assert_eq!(error.message, "demo has no model `tuor` (404)");
        assert!(error.hint.unwrap().starts_with("did you mean `tour`? the demo models are tour, echo,"));
    }

    #[test]
    fn a_pace_that_is_no_number_is_rejected() {
        let extra = [("tps".to_owned(), json!("fast"))].into();
        let error = error_of("echo", &ModelParameters { extra, ..ModelParameters::default() });
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Rejected, "`tps` has to be a number, 0 or more"));
    }
}
