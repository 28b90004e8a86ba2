//! Values that can be of any JSON type: what does not fit is as good as nothing.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::wire::{Choice, CostParts, Function, Part, ToolCallPart};

/// A value where one of the simple types is expected.
#[derive(Debug, Default)]
pub(super) enum Scalar<'a> {
    #[default]
    Missing,
    Bool(bool),
    Integer(u64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A list or an object, and whether anything is in it.
    Compound {
        is_empty: bool,
    },
}

impl Scalar<'_> {
    /// The text, where it is one and not empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Text(_)
            | Self::Missing
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Compound { .. } => None,
        }
    }

    pub(super) fn count(&self) -> Option<u64> {
        match *self {
            Self::Integer(count) => Some(count),
            Self::Missing | Self::Bool(_) | Self::Float(_) | Self::Text(_) | Self::Compound { .. } => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match *self {
            #[expect(clippy::cast_precision_loss, reason = "a price of more than 2^53 dollars is none")]
            Self::Integer(number) => Some(number as f64),
            Self::Float(number) => Some(number),
            Self::Missing | Self::Bool(_) | Self::Text(_) | Self::Compound { .. } => None,
        }
    }

    /// Healthy chunks carry `"error": null`, `{}` and `""`.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Missing => false,
            Self::Bool(value) => *value,
            Self::Integer(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Compound { is_empty } => !is_empty,
        }
    }
}

/// The choice with index 0, or without one; the others are read and dropped.
#[derive(Debug, Default)]
pub(super) struct Choices<'a> {
    pub(super) is_present: bool,
    pub(super) first: Option<Choice<'a>>,
}

/// An object, or anything else, which is as good as nothing.
#[derive(Debug)]
pub(super) struct Maybe<T>(pub(super) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The objects of a list.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Text, or a list of parts.
#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

/// The arguments of a call: a piece of JSON text, or an object where a server parses it for us.
#[derive(Debug, Default)]
pub(super) struct Arguments<'a>(pub(super) Option<Cow<'a, str>>);

/// A number, or an object with the total.
#[derive(Debug, Default)]
pub(super) struct Cost<'a>(pub(super) Scalar<'a>);

/// What a type makes of each kind of JSON; nothing, where it does not say.
trait FromAny<'de>: Default {
    fn from_scalar(_: Scalar<'de>) -> Self {
        Self::default()
    }

    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

struct AnyVisitor<T>(PhantomData<T>);

fn from_any<'de, T: FromAny<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(AnyVisitor(PhantomData))
}

impl<'de, T: FromAny<'de>> Visitor<'de> for AnyVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Integer(value)))
    }

    #[expect(clippy::cast_precision_loss, reason = "nothing that is counted is negative")]
    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::from_scalar(u64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Integer)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Float(value)))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Text(Cow::Borrowed(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Text(Cow::Owned(value.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::from_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::from_object(object)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de> FromAny<'de> for Scalar<'de> {
    fn from_scalar(value: Scalar<'de>) -> Self {
        value
    }

    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut is_empty = true;
        while list.next_element::<IgnoredAny>()?.is_some() {
            is_empty = false;
        }
        Ok(Self::Compound { is_empty })
    }

    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut is_empty = true;
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            is_empty = false;
        }
        Ok(Self::Compound { is_empty })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de> FromAny<'de> for Choices<'de> {
    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut first = None;
        while let Some(Maybe(choice)) = list.next_element::<Maybe<Choice<'de>>>()? {
            if first.is_none() {
                first = choice.filter(|choice| choice.index.count().unwrap_or(0) == 0);
            }
        }
        Ok(Self { is_present: true, first })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> FromAny<'de> for Maybe<T> {
    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|value| Self(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> FromAny<'de> for List<T> {
    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut objects = Vec::new();
        while let Some(Maybe(object)) = list.next_element::<Maybe<T>>()? {
            objects.extend(object);
        }
        Ok(Self(objects))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de> FromAny<'de> for Content<'de> {
    fn from_scalar(value: Scalar<'de>) -> Self {
        match value {
            Scalar::Text(text) => Self::Text(text),
            Scalar::Missing | Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Float(_) | Scalar::Compound { .. } => {
                Self::Missing
            }
        }
    }

    fn from_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        List::<Part<'de>>::from_list(list).map(|List(parts)| Self::Parts(parts))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Arguments<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de> FromAny<'de> for Arguments<'de> {
    fn from_scalar(value: Scalar<'de>) -> Self {
        match value {
            Scalar::Text(text) => Self(Some(text)),
            Scalar::Missing | Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Float(_) | Scalar::Compound { .. } => {
                Self(None)
            }
        }
    }

    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        let value = serde_json::Value::deserialize(MapAccessDeserializer::new(object))?;
        Ok(Self(Some(Cow::Owned(value.to_string()))))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cost<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de> FromAny<'de> for Cost<'de> {
    fn from_scalar(value: Scalar<'de>) -> Self {
        Self(value)
    }

    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        CostParts::deserialize(MapAccessDeserializer::new(object)).map(|parts| Self(parts.total_cost))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ToolCallPart<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any(deserializer)
    }
}

impl<'de> FromAny<'de> for ToolCallPart<'de> {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut part = Self::default();
        while let Some(Scalar::Text(key)) = object.next_key::<Scalar<'de>>()? {
            match key.as_ref() {
                "index" => part.index = object.next_value()?,
                "id" => part.id = object.next_value()?,
                "function" => part.function = object.next_value::<Maybe<Function<'de>>>()?,
                "type" => drop(object.next_value::<IgnoredAny>()?),
                _ => {
                    let value: serde_json::Value = object.next_value()?;
                    if !value.is_null() {
                        part.extra.insert(key.into_owned(), value);
                    }
                }
            }
        }
        Ok(part)
    }
}
