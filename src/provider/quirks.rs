//! What well-known hosts want otherwise than most: looked up by host, so that a proxy of one's own is asked plainly.

/// How the length of an answer is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensName {
    #[default]
    MaxTokens,
    MaxCompletionTokens,
}

/// Where the key goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyHeader {
    /// `Authorization: Bearer KEY`
    #[default]
    Bearer,
    /// `api-key: KEY`
    ApiKey,
}

/// What one host wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    pub max_tokens: MaxTokensName,
    pub key_header: KeyHeader,
    /// Fields of a request that are answered with an error, or are of no use there.
    pub refuses: &'static [&'static str],
    /// Models with names that begin so keep prompts only up to marks, as Anthropic's do.
    pub marked_models: &'static [&'static str],
}

const PLAIN: Quirks =
    Quirks { max_tokens: MaxTokensName::MaxTokens, key_header: KeyHeader::Bearer, refuses: &[], marked_models: &[] };
const OPENAI: Quirks = Quirks { max_tokens: MaxTokensName::MaxCompletionTokens, ..PLAIN };
const AZURE: Quirks = Quirks { key_header: KeyHeader::ApiKey, ..OPENAI };

/// By the end of the host's name.
const HOSTS: [(&str, Quirks); 10] = [
    ("api.openai.com", OPENAI),
    (".openai.azure.com", AZURE),
    (".cognitiveservices.azure.com", AZURE),
    (".services.ai.azure.com", AZURE),
    ("api.groq.com", Quirks { refuses: &["logprobs", "top_logprobs", "logit_bias"], ..PLAIN }),
    // The last chunk has the usage in any case.
    ("api.mistral.ai", Quirks { refuses: &["stream_options"], ..PLAIN }),
    ("api.perplexity.ai", Quirks { refuses: &["stream_options", "tools"], ..PLAIN }),
    (
        "api.cerebras.ai",
        Quirks {
            max_tokens: MaxTokensName::MaxCompletionTokens,
            refuses: &["frequency_penalty", "presence_penalty", "logit_bias", "parallel_tool_calls", "service_tier"],
            ..PLAIN
        },
    ),
    ("openrouter.ai", Quirks { marked_models: &["anthropic/"], ..PLAIN }),
    ("api.x.ai", Quirks { refuses: &["logit_bias"], ..PLAIN }),
];

/// What `host` wants, as far as that is known.
#[must_use]
pub fn quirks_of(host: &str) -> Quirks {
    let host = host.to_ascii_lowercase();
    let known = HOSTS.iter().find(|(end, _)| host == *end || end.starts_with('.') && host.ends_with(end));
    known.map_or(PLAIN, |(_, quirks)| *quirks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_its_whole_name_or_its_domain() {
        assert_eq!(quirks_of("api.openai.com"), OPENAI);
        assert_eq!(quirks_of("my-resource.openai.azure.com"), AZURE);
        for other in ["evil-api.openai.com.example", "notapi.openai.com", "localhost", "openai.azure.com"] {
            assert_eq!(quirks_of(other), PLAIN, "{other}");
        }
    }
}
