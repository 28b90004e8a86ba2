//! Values that can be of any JSON type: what does not fit is as good as nothing.
//!
//! They are filled in place, because a chunk is a large struct: built the usual way it would be
//! moved at every level, and that would cost more than the parsing.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What a place makes of each kind of JSON; nothing, where it does not say.
pub trait Take<'de> {
    fn take_scalar(&mut self, _: Scalar<'de>) {}

    fn take_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn take_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Reads any JSON into a place.
pub struct Slot<'s, T>(pub &'s mut T);

impl<'de, T: Take<'de>> DeserializeSeed<'de> for Slot<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Take<'de>> Visitor<'de> for Slot<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.take_scalar(Scalar::Bool(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.take_scalar(Scalar::Integer(value));
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "nothing that is counted is negative")]
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.take_scalar(u64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Integer));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.take_scalar(Scalar::Float(value));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.0.take_scalar(Scalar::Text(Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.take_scalar(Scalar::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.0.take_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.0.take_object(object)
    }
}

/// The name of a field, borrowed where it holds no escape.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Lets an object fill the named fields of a struct; the last of two with the same name counts.
macro_rules! take_fields {
    ($struct:ident { $($name:literal => $field:ident),* $(,)? }) => {
        impl<'de> Take<'de> for $struct<'de> {
            fn take_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
                while let Some(Key(name)) = object.next_key()? {
                    match name.as_ref() {
                        $($name => object.next_value_seed(Slot(&mut self.$field))?,)*
                        _ => drop(object.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(())
            }
        }
    };
    // What has no field of its own is kept under its name; `type` only says which of the others are there.
    ($struct:ident { $($name:literal => $field:ident,)* rest => $rest:ident $(,)? }) => {
        impl<'de> Take<'de> for $struct<'de> {
            fn take_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
                while let Some(Key(name)) = object.next_key()? {
                    match name.as_ref() {
                        $($name => object.next_value_seed(Slot(&mut self.$field))?,)*
                        "type" => drop(object.next_value::<IgnoredAny>()?),
                        _ => drop(self.$rest.insert(name.into_owned(), object.next_value()?)),
                    }
                }
                Ok(())
            }
        }
    };
}
pub(super) use take_fields;

/// Far more than any model reads.
const COUNT_MAX: u64 = 1_000_000_000_000;
const COST_USD_MAX: f64 = 1_000_000.0;

/// A value where one of the simple types is expected.
#[derive(Debug, Default)]
pub enum Scalar<'a> {
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

impl<'de> Take<'de> for Scalar<'de> {
    fn take_scalar(&mut self, value: Scalar<'de>) {
        *self = value;
    }

    fn take_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        let mut is_empty = true;
        while list.next_element::<IgnoredAny>()?.is_some() {
            is_empty = false;
        }
        *self = Self::Compound { is_empty };
        Ok(())
    }

    fn take_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        let mut is_empty = true;
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            is_empty = false;
        }
        *self = Self::Compound { is_empty };
        Ok(())
    }
}

impl<'a> Scalar<'a> {
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

    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Missing | Self::Bool(_) | Self::Integer(_) | Self::Float(_) | Self::Compound { .. } => None,
        }
    }

    /// Tokens, or a place in a list. Out of range is not told: some servers write -1 for "unknown", also as 2^64 - 1.
    pub(super) fn count(&self) -> Option<u64> {
        match *self {
            Self::Integer(count) => Some(count).filter(|count| *count <= COUNT_MAX),
            Self::Missing | Self::Bool(_) | Self::Float(_) | Self::Text(_) | Self::Compound { .. } => None,
        }
    }

    /// A count that is told again, or in part, takes the place of the one before.
    pub(super) fn count_into(&self, count: &mut Option<u64>) {
        *count = self.count().or(*count);
    }

    /// US dollars. What is below nothing, or more than a request can cost, is not told.
    pub(super) fn cost(&self) -> Option<f64> {
        let cost = match *self {
            #[expect(clippy::cast_precision_loss, reason = "what is that large is no cost")]
            Self::Integer(number) => number as f64,
            Self::Float(number) => number,
            Self::Missing | Self::Bool(_) | Self::Text(_) | Self::Compound { .. } => return None,
        };
        Some(cost).filter(|cost| (0.0..=COST_USD_MAX).contains(cost))
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

/// An object, or anything else, which is as good as nothing.
#[derive(Debug)]
pub struct Maybe<T>(pub Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Take<'de> + Default> Take<'de> for Maybe<T> {
    fn take_object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        self.0.insert(T::default()).take_object(object)
    }
}

impl<'de, T: Take<'de>> Take<'de> for Box<T> {
    fn take_object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        (**self).take_object(object)
    }
}

/// An item of a list that says which of several answers it belongs to.
pub(super) trait Indexed {
    fn index(&self) -> Option<u64>;
}

/// A list of answers of which only the one with index 0 counts, or the first without one. It is never built,
/// because a chunk of plain text must not allocate.
#[derive(Debug)]
pub struct First<T> {
    pub is_present: bool,
    pub item: Maybe<T>,
}

impl<T> Default for First<T> {
    fn default() -> Self {
        Self { is_present: false, item: Maybe(None) }
    }
}

impl<'de, T: Take<'de> + Default + Indexed> Take<'de> for First<T> {
    fn take_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        self.is_present = true;
        while self.item.0.is_none() && list.next_element_seed(Slot(&mut self.item))?.is_some() {
            if self.item.0.as_ref().is_some_and(|item| item.index().unwrap_or(0) != 0) {
                self.item.0 = None;
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// The objects of a list.
#[derive(Debug)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Take<'de> + Default> Take<'de> for List<T> {
    fn take_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        let mut item = Maybe(None);
        while list.next_element_seed(Slot(&mut item))?.is_some() {
            self.0.extend(item.0.take());
        }
        Ok(())
    }
}

impl<'de> Take<'de> for Map<String, Value> {
    fn take_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while let Some((name, value)) = object.next_entry()? {
            self.insert(name, value);
        }
        Ok(())
    }
}
