//! Passing over what nobody asked for.

use super::error::Error;
use super::plan::{Node, NodeId};
use super::wire::Input;

/// Passes over a value. Lengths, counts and positions are checked as in reading; text is not.
pub(super) fn skip(input: &mut Input<'_>, id: NodeId) -> Result<(), Error> {
    let nodes = input.nodes;
    match &nodes[id as usize] {
        Node::Null => Ok(()),
        Node::Boolean => input.boolean().map(drop),
        Node::Int | Node::IntAsLong | Node::IntAsFloat | Node::IntAsDouble => input.int().map(drop),
        Node::Long | Node::LongAsFloat | Node::LongAsDouble => input.long().map(drop),
        Node::Float | Node::FloatAsDouble => input.float().map(drop),
        Node::Double => input.double().map(drop),
        Node::Bytes | Node::String => input.bytes().map(drop),
        Node::Fixed(size) => input.take(*size).map(drop),
        Node::Enum(symbols) => input.position(symbols.len()).map(drop),
        Node::Array { items, least } => blocks(input, *least, |input| skip(input, *items)),
        Node::Map { values, least } => blocks(input, *least, |input| {
            input.bytes()?;
            skip(input, *values)
        }),
        Node::Optional { null, inner } => match input.second()? == (*null == 0) {
            false => Ok(()),
            true => skip(input, *inner),
        },
        Node::Union(branches) => {
            let at = input.position(branches.len())?;
            skip(input, branches[at])
        }
        Node::Branch { inner, .. } => skip(input, *inner),
        Node::Record(record) => {
            input.open(record)?;
            for field in &record.fields {
                skip(input, field.node).map_err(|e| e.in_field(&field.name))?;
            }
            input.leave();
            Ok(())
        }
        Node::Refused(why) => Err(input.error(why)),
    }
}

fn blocks<'de>(
    input: &mut Input<'de>,
    least: usize,
    mut item: impl FnMut(&mut Input<'de>) -> Result<(), Error>,
) -> Result<(), Error> {
    input.enter()?;
    let mut blocks = 0usize;
    while let Some(count) = input.block_to_skip(least)? {
        blocks += 1;
        input.as_written &= blocks == 1;
        for _ in 0..count {
            item(input)?;
        }
    }
    input.leave();
    Ok(())
}
