//! Which message follows which: a file made by hand can name parents in any order, and in circles.

use std::collections::HashMap;

use super::PortableMessage;

/// A message by its place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub place: usize,
    /// It cannot follow its parent, which comes from itself.
    pub is_cut: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the way that is walked from a message to its first ancestor.
    OnTheWay,
    Placed,
}

/// The order in which messages go into the tables: each behind its parent, and else as they stand in the file. A circle
/// is cut before the message of it that stands first there.
pub fn parents_first(messages: &[PortableMessage]) -> Vec<Placed> {
    let mut places = HashMap::new();
    for (place, message) in messages.iter().enumerate() {
        places.entry(message.id.as_str()).or_insert(place);
    }
    let parent = |place: usize| messages[place].parent.as_deref().and_then(|id| places.get(id).copied());
    let mut states = vec![State::New; messages.len()];
    let mut order = Vec::with_capacity(messages.len());
    for start in 0..messages.len() {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(place) = next.filter(|place| states[*place] == State::New) {
            states[place] = State::OnTheWay;
            way.push(place);
            next = parent(place);
        }
        let mut cut = None;
        if let Some(met) = next.filter(|place| states[*place] == State::OnTheWay) {
            let begin = way.iter().position(|place| *place == met).unwrap_or(0);
            let circle = &mut way[begin..];
            // The last of the way is the first ancestor: there the circle is open.
            let first = (0..circle.len()).min_by_key(|at| circle[*at]).unwrap_or(0);
            circle.rotate_left(first + 1);
            cut = circle.last().copied();
        }
        for place in way.into_iter().rev() {
            states[place] = State::Placed;
            order.push(Placed { place, is_cut: cut == Some(place) });
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::{PortableMessage, parents_first};

    /// Each message as its id and its parent, as in `B<A`.
    fn of(messages: &[&str]) -> (Vec<String>, Vec<String>) {
        let messages: Vec<PortableMessage> = messages
            .iter()
            .map(|message| {
                let (id, parent) = message.split_once('<').unwrap_or((message, ""));
                let parent = Some(parent.to_owned()).filter(|parent| !parent.is_empty());
                PortableMessage { parent, ..PortableMessage::new(id.to_owned(), "user", String::new()) }
            })
            .collect();
        let order = parents_first(&messages);
        let id = |place: usize| messages[place].id.clone();
        let cut = order.iter().filter(|placed| placed.is_cut).map(|placed| id(placed.place)).collect();
        (order.iter().map(|placed| id(placed.place)).collect(), cut)
    }

    #[test]
    fn parents_come_first_and_circles_are_cut_once() {
        for (messages, order, cut) in [
            (&["A", "B<A", "C<A", "D<B"][..], "A B C D", ""),
            (&["C<B", "B<A", "D", "A"], "A B C D", ""),
            (&["A<elsewhere", "B<A"], "A B", ""),
            (&["A<A"], "A", "A"),
            (&["A<C", "B<A", "C<B"], "A B C", "A"),
            (&["T<C", "C<B", "A<C", "B<A", "E<T"], "C A B T E", "C"),
            (&["A<B", "B<A", "X<Y", "Y<X", "Z"], "A B X Y Z", "A X"),
            (&["A", "A<B", "B<A"], "A B A", ""),
            (&[], "", ""),
        ] {
            let (found, circles) = of(messages);
            assert_eq!((found.join(" "), circles.join(" ")), (order.to_owned(), cut.to_owned()), "{messages:?}");
        }
    }
}
