//! An event, and the objects in it, field by field.

use serde_json::{Map, Value};

use super::fields::{EVENT, Field, Form, IGNORED, MOST, Shape, TYPED_LISTS};
use super::parts::Parts;
use super::value::{Canonical, has_text};
use crate::context::Context;
use crate::model::{Event, Identifier};
use crate::vocabulary::Vocabulary;

/// Room for the pre-hash of most events (bytes), small enough for an allocator's free lists.
const USUAL: usize = 1024;

/// A pre-hash being written.
pub(super) struct Writer<'a> {
    pub(super) out: Parts,
    pub(super) values: Canonical<'a>,
    /// The event as it was read, where it was.
    read: Option<&'a Event>,
    /// What the objects now being written hold beside their ordered fields, inner objects last.
    rest: Vec<(&'a str, &'a Value)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Self {
            out: Parts::with_capacity(USUAL),
            values: Canonical::new(context),
            read: None,
            rest: Vec::with_capacity(8),
        }
    }

    /// For an event that was read: what it names is parsed already.
    pub(super) fn of_read(context: &'a Context, read: &'a Event) -> Self {
        Self {
            values: Canonical::knowing(context, read),
            read: Some(read),
            ..Self::new(context)
        }
    }

    /// The pre-hash of an event.
    pub(super) fn event(mut self, event: &'a Value) -> String {
        self.out.push("eventType=");
        if let Value::Object(event) = event {
            // It mostly is the first.
            let kind = event.iter().find(|(name, _)| *name == "type");
            let kind = kind.and_then(|(_, kind)| kind.as_str());
            self.out.push(kind.unwrap_or_default());
            let rest = self.ordered(event, EVENT);
            let mark = self.out.mark();
            for at in rest..self.rest.len() {
                let (name, value) = self.rest[at];
                if let Some((_, item, types)) = TYPED_LISTS.iter().find(|list| list.0 == name) {
                    self.typed_list(name, value, item, *types);
                } else if !IGNORED.contains(&name) {
                    self.extension(name, value);
                }
            }
            self.out.sort(mark);
        }
        self.out.into_text()
    }

    /// The fields of an object that stand in the order. What else it holds is put behind `rest`,
    /// whose length before is returned.
    fn ordered(&mut self, object: &'a Map<String, Value>, fields: &'static [Field]) -> usize {
        let rest = self.rest.len();
        let mut found = [None; MOST];
        for (name, value) in object {
            match fields.iter().position(|(field, _)| is_same(field, name)) {
                Some(at) => found[at] = Some(value),
                None => self.rest.push((name, value)),
            }
        }
        for ((name, shape), value) in fields.iter().zip(found) {
            if let Some(value) = value {
                self.field(name, shape, value);
            }
        }
        rest
    }

    /// An inner object: its ordered fields, then its extensions, sorted.
    fn object(&mut self, value: &'a Value, fields: &'static [Field]) {
        let Value::Object(object) = value else {
            return;
        };
        let rest = self.ordered(object, fields);
        let mark = self.out.mark();
        for at in rest..self.rest.len() {
            let (name, value) = self.rest[at];
            self.extension(name, value);
        }
        self.out.sort(mark);
        self.rest.truncate(rest);
    }

    fn field(&mut self, name: &str, shape: &Shape, value: &'a Value) {
        match shape {
            Shape::Value(form) => self.pairs(name, value, *form),
            Shape::Epcs => self.enclosed(name, |writer| {
                match writer.read.and_then(|read| epcs_of(read, name)) {
                    Some(epcs) => writer.epcs(epcs),
                    None => writer.pairs("epc", value, Form::Any),
                }
            }),
            Shape::Object(fields) => self.enclosed(name, |writer| writer.object(value, fields)),
            Shape::Objects(item, fields) => {
                self.enclosed(name, |writer| writer.repeated(item, value, fields));
            }
            Shape::Repeated(fields) => self.repeated(name, value, fields),
        }
    }

    /// A name and what is written behind it; neither where that is nothing.
    fn enclosed(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let mark = self.out.mark();
        self.out.push(name);
        content(self);
        if self.out.is_only(mark, name.len()) {
            self.out.take_back(mark);
        }
    }

    /// `name=value` for one value or each of a list, sorted.
    fn pairs(&mut self, name: &str, value: &Value, form: Form) {
        let mark = self.out.mark();
        for value in items(value).iter().filter(|value| has_text(value)) {
            self.out.push(name);
            self.value(value, form);
            self.out.end_part();
        }
        self.out.sort(mark);
    }

    /// `=value`
    pub(super) fn value(&mut self, value: &Value, form: Form) {
        let text = self.out.text();
        text.push('=');
        self.values.push(text, value, form);
    }

    /// EPCs as they were read, sorted.
    fn epcs(&mut self, epcs: &[Identifier]) {
        let mark = self.out.mark();
        for epc in epcs {
            let text = self.out.text();
            text.push_str("epc=");
            self.values.push_read(text, epc);
            self.out.end_part();
        }
        self.out.sort(mark);
    }

    /// A name and an object for each item, sorted; nothing for one that says nothing.
    fn repeated(&mut self, name: &str, value: &'a Value, fields: &'static [Field]) {
        let mark = self.out.mark();
        for item in items(value) {
            let part = self.out.mark();
            self.enclosed(name, |writer| writer.object(item, fields));
            if !self.out.is_only(part, 0) {
                self.out.end_part();
            }
        }
        self.out.sort(mark);
    }

    /// `bizTransactionList` and its kin, a part of what follows the ordered fields: type, then
    /// identifier, pairs sorted. The first without a type sorts by its identifier.
    fn typed_list(&mut self, list: &str, value: &Value, name: &str, types: Vocabulary) {
        let whole = self.out.mark();
        self.enclosed(list, |writer| {
            let mark = writer.out.mark();
            for item in items(value) {
                if let Some(kind) = item.get("type") {
                    writer.pairs("type", kind, Form::Word(types));
                }
                if let Some(id) = item.get(name) {
                    writer.pairs(name, id, Form::Any);
                }
                writer.out.end_part();
            }
            writer.out.sort(mark);
        });
        if !self.out.is_only(whole, 0) {
            self.out.end_part();
        }
    }
}

/// `==`, faster for the names of a table, which mostly differ in length or last letter.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.as_bytes().last() == other.as_bytes().last() && one == other
}

/// The EPCs of a list, as they were read.
fn epcs_of<'e>(read: &'e Event, name: &str) -> Option<&'e [Identifier]> {
    match name {
        "epcList" => Some(&read.epc_list),
        "childEPCs" => Some(&read.child_epcs),
        "inputEPCList" => Some(&read.input_epc_list),
        "outputEPCList" => Some(&read.output_epc_list),
        _ => None,
    }
}

/// The items of a list; anything else is one item.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}
