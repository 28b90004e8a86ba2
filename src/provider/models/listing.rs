//! The answer to `/models` in all the shapes that there are. Pure.

use serde_json::Value;

use crate::conversation::is_hidden;
use crate::provider::{Ability, ModelFacts, Price};

/// More models than any provider has.
const MODELS_MAX: usize = 5000;
const ID_BYTES_MAX: usize = 300;

/// The models of one page, in the provider's order, each once. Nothing where it is no list of models.
#[must_use]
pub fn read_models(answer: &Value) -> Option<Vec<ModelFacts>> {
    // llama.cpp has both lists, and only `data` tells sizes. A server without models may say `null`.
    let list = match (answer, &answer["data"], &answer["models"]) {
        (Value::Array(list), _, _) | (_, Value::Array(list), _) | (_, _, Value::Array(list)) => list,
        (Value::Object(fields), Value::Null, Value::Null)
            if fields.contains_key("data") || fields.contains_key("models") =>
        {
            return Some(Vec::new());
        }
        _ => return None,
    };
    let mut models: Vec<ModelFacts> = Vec::new();
    for facts in list.iter().take(MODELS_MAX).filter_map(read_model) {
        if !models.iter().any(|other| other.id == facts.id) {
            models.push(facts);
        }
    }
    Some(models)
}

/// What begins the next page, where there is one: the parameter and its value.
#[must_use]
pub(super) fn next_page(answer: &Value) -> Option<(&'static str, String)> {
    let text = |key: &str| answer[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    if answer["has_more"] == true {
        return text("last_id").map(|id| ("after_id", id));
    }
    text("nextPageToken").map(|token| ("pageToken", token))
}

fn read_model(model: &Value) -> Option<ModelFacts> {
    if let Some(id) = model.as_str() {
        return usable_id(id).map(|id| ModelFacts { id, ..ModelFacts::default() });
    }
    let named = ["id", "name", "model"].iter().find_map(|key| model[*key].as_str())?;
    let facts = ModelFacts {
        id: usable_id(named.strip_prefix("models/").unwrap_or(named))?,
        context: context_of(model),
        output: first_number(
            model,
            &[
                "/max_completion_tokens",
                "/max_output_tokens",
                "/outputTokenLimit",
                "/top_provider/max_completion_tokens",
                "/capabilities/limits/max_output_tokens",
                "/model_spec/maxCompletionTokens",
                "/max_output_length",
            ],
        )
        // Anthropic's name for it; for others it is the size of the context.
        .or_else(|| model["max_input_tokens"].as_u64().and(model["max_tokens"].as_u64())),
        price: price_of(model),
        abilities: abilities_of(model),
        takes_images: takes_images(model),
    };
    is_for_chat(model).then_some(facts)
}

fn usable_id(id: &str) -> Option<String> {
    let id = id.trim();
    let is_usable = !id.is_empty() && id.len() <= ID_BYTES_MAX && !id.chars().any(is_hidden);
    is_usable.then(|| id.to_owned())
}

fn context_of(model: &Value) -> Option<u64> {
    let places = [
        "/meta/n_ctx",
        "/context_length",
        "/context_window",
        "/max_context_length",
        "/max_model_len",
        "/inputTokenLimit",
        "/max_input_tokens",
        "/capabilities/limits/max_context_window_tokens",
        "/model_spec/availableContextTokens",
        "/limits/max_context_window_tokens",
        "/top_provider/context_length",
    ];
    first_number(model, &places)
}

fn first_number(model: &Value, places: &[&str]) -> Option<u64> {
    places.iter().find_map(|place| model.pointer(place)?.as_u64().filter(|number| *number > 0))
}

/// In US dollars for a million tokens, whatever the unit was.
fn price_of(model: &Value) -> Option<Price> {
    let number = |place: &str| {
        let value = model.pointer(place)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|price| price.is_finite() && *price >= 0.0)
    };
    // OpenRouter and those like it: dollars for one token, as text.
    if model.pointer("/pricing/prompt").is_some() {
        let per_token = |place: &str| number(place).map(|price| round(price * 1e6));
        let (input, output) = (per_token("/pricing/prompt")?, per_token("/pricing/completion")?);
        return Some(Price { input, output, cached: per_token("/pricing/input_cache_read") });
    }
    // Venice.
    if model.pointer("/model_spec/pricing/input/usd").is_some() {
        let (input, output) = (number("/model_spec/pricing/input/usd")?, number("/model_spec/pricing/output/usd")?);
        return Some(Price { input, output, cached: number("/model_spec/pricing/cache_input/usd") });
    }
    // Together: dollars for a million.
    let (input, output) = (number("/pricing/input")?, number("/pricing/output")?);
    Some(Price { input, output, cached: number("/pricing/cached_input") })
}

/// Multiplying leaves dust behind the last digit.
fn round(price: f64) -> f64 {
    (price * 1e6).round() / 1e6
}

/// Whether any of these places says yes; `None` where none of them says anything.
fn any(told: &[Option<bool>]) -> Option<bool> {
    let told: Vec<bool> = told.iter().copied().flatten().collect();
    (!told.is_empty()).then(|| told.contains(&true))
}

fn is_true(model: &Value, place: &str) -> Option<bool> {
    match model.pointer(place) {
        Some(Value::Bool(is_true)) => Some(*is_true),
        Some(Value::Object(fields)) => fields.get("supported").and_then(Value::as_bool),
        Some(Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => None,
    }
}

fn lists(model: &Value, place: &str, word: &str) -> Option<bool> {
    let list = model.pointer(place)?.as_array()?;
    Some(list.iter().any(|item| item == word))
}

fn takes_images(model: &Value) -> Option<bool> {
    any(&[
        is_true(model, "/capabilities/vision"),
        is_true(model, "/capabilities/image_input"),
        is_true(model, "/capabilities/supports/vision"),
        is_true(model, "/model_spec/capabilities/supportsVision"),
        lists(model, "/architecture/input_modalities", "image"),
        lists(model, "/input_modalities", "image"),
    ])
}

fn abilities_of(model: &Value) -> Option<Vec<Ability>> {
    let tools = any(&[
        is_true(model, "/capabilities/function_calling"),
        is_true(model, "/capabilities/supports/tool_calls"),
        is_true(model, "/model_spec/capabilities/supportsFunctionCalling"),
        lists(model, "/supported_parameters", "tools"),
        lists(model, "/supported_features", "tools"),
    ]);
    let images = takes_images(model);
    let reasoning = any(&[
        is_true(model, "/capabilities/reasoning"),
        is_true(model, "/capabilities/thinking"),
        is_true(model, "/model_spec/capabilities/supportsReasoning"),
        is_true(model, "/thinking"),
        lists(model, "/supported_parameters", "reasoning"),
        lists(model, "/supported_features", "reasoning"),
    ]);
    if tools.is_none() && images.is_none() && reasoning.is_none() {
        return None;
    }
    let has = [(tools, Ability::Tools), (images, Ability::Images), (reasoning, Ability::Reasoning)];
    Some(has.into_iter().filter(|(told, _)| *told == Some(true)).map(|(_, ability)| ability).collect())
}

/// False where the provider says that nobody can talk to it.
fn is_for_chat(model: &Value) -> bool {
    let is_false = |place: &str| model.pointer(place) == Some(&Value::Bool(false));
    let kind = model["type"].as_str().unwrap_or_default();
    let has_other_kind = ["embedding", "embeddings", "image", "audio", "rerank", "moderation", "asr", "tts", "video"];
    let methods = model["supportedGenerationMethods"].as_array();
    let writes = ["/architecture/output_modalities", "/output_modalities"]
        .iter()
        .find_map(|place| model.pointer(place)?.as_array())
        .is_none_or(|modalities| modalities.iter().any(|modality| modality == "text"));
    !is_false("/capabilities/completion_chat")
        && !is_false("/active")
        && !has_other_kind.contains(&kind)
        && methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent"))
        && writes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_says_nothing_of_images_does_not_refuse_them() {
        let told = |model: Value| read_models(&json!({ "data": [model] })).unwrap()[0].takes_images;
        assert_eq!(told(json!({"id": "a", "thinking": true, "supported_parameters": ["tools"]})), None);
        assert_eq!(told(json!({"id": "a", "architecture": {"input_modalities": ["text"]}})), Some(false));
        assert_eq!(told(json!({"id": "a", "capabilities": {"vision": true}})), Some(true));
    }

    /// `id context/output price abilities` of each model.
    fn told(answer: &Value) -> Vec<String> {
        let models = read_models(answer).unwrap();
        let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        let line = |model: &ModelFacts| {
            let price = model.price.map_or("-".to_owned(), |price| format!("{}/{}", price.input, price.output));
            let abilities = model.abilities.as_ref().map_or("-".to_owned(), |abilities| {
                abilities.iter().map(|ability| ability.name()).collect::<Vec<_>>().join("+")
            });
            format!("{} {}/{} {price} {abilities}", model.id, number(model.context), number(model.output))
        };
        models.iter().map(line).collect()
    }

    #[test]
    fn lists_come_in_several_shapes() {
        let model = json!({"id": "m"});
        for answer in
            [json!({"data": [model]}), json!([model]), json!({"models": [{"name": "models/m"}]}), json!(["m"])]
        {
            assert_eq!(told(&answer), ["m -/- - -"], "{answer}");
        }
        assert_eq!(read_models(&json!({"data": null})), Some(Vec::new()), "nothing is installed");
        for no_list in [json!({"error": "x"}), json!("x"), json!(null)] {
            assert_eq!(read_models(&no_list), None, "{no_list}");
        }
        let twice = json!({"data": [model, {"id": " m "}, {"id": ""}, {"id": "a\u{1b}"}, {"id": "a\u{202e}b"}, {"object": "model"}, 7]});
        assert_eq!(told(&twice), ["m -/- - -"]);
    }

    #[test]
    fn sizes_prices_and_abilities_have_many_names() {
        let data = json!({"data": [
            {"id": "a", "context_length": 10, "top_provider": {"max_completion_tokens": 5},
             "pricing": {"prompt": "0.00000045", "completion": "0.0000032"},
             "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
             "supported_parameters": ["reasoning", "temperature"]},
            {"id": "b", "max_context_length": 20, "capabilities": {"completion_chat": true, "function_calling": true, "vision": false}},
            {"id": "c", "context_window": 30, "max_completion_tokens": 9},
            {"id": "d", "max_model_len": 40},
            {"id": "e", "meta": {"n_ctx": 50, "n_ctx_train": 99}},
            {"id": "f", "max_input_tokens": 60, "max_tokens": 7, "capabilities": {"image_input": {"supported": true}, "thinking": {"supported": false}}},
            {"id": "g", "capabilities": {"limits": {"max_context_window_tokens": 70, "max_output_tokens": 8}, "supports": {"tool_calls": true}}},
            {"id": "h", "context_length": 80, "pricing": {"input": 0.18, "output": 0.59, "hourly": 0}},
            {"id": "i", "model_spec": {"availableContextTokens": 90, "maxCompletionTokens": 6, "pricing": {"input": {"usd": 1.5}, "output": {"usd": 9}}, "capabilities": {"supportsFunctionCalling": true, "supportsVision": true}}},
            {"id": "j", "context_length": -1, "pricing": {"prompt": "-1", "completion": "-1"}},
        ]});
        assert_eq!(
            told(&data),
            [
                "a 10/5 0.45/3.2 images+reasoning",
                "b 20/- - tools",
                "c 30/9 - -",
                "d 40/- - -",
                "e 50/- - -",
                "f 60/7 - images",
                "g 70/8 - tools",
                "h 80/- 0.18/0.59 -",
                "i 90/6 1.5/9 tools+images",
                "j -/- - -",
            ]
        );
    }

    #[test]
    fn what_nobody_can_talk_to_is_left_out() {
        let data = json!({"data": [
            {"id": "embed", "type": "embedding"},
            {"id": "ocr", "capabilities": {"completion_chat": false}},
            {"id": "gone", "active": false},
            {"id": "voice", "output_modalities": ["transcription"]},
            {"id": "counts", "supportedGenerationMethods": ["countTokens"]},
            {"id": "talks", "type": "chat", "active": true},
        ]});
        assert_eq!(told(&data), ["talks -/- - -"]);
    }

    #[test]
    fn pages_follow_each_other() {
        assert_eq!(next_page(&json!({"has_more": true, "last_id": "x"})), Some(("after_id", "x".to_owned())));
        assert_eq!(next_page(&json!({"has_more": false, "last_id": "x"})), None);
        assert_eq!(next_page(&json!({"nextPageToken": "t"})), Some(("pageToken", "t".to_owned())));
    }
}
