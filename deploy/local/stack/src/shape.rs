//! What a stack is: its clock, ports and instances, as asked for and as kept in its folder.

use crate::layout::Layout;
use crate::member::{MAX_INSTANCES, Member};
use crate::ports::DEMO_BASE;
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serialtrail_runtime::Clock;

/// What a stack was started as; kept in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Which clock record times come from.
    pub clock: Clock,
    /// First port.
    pub port_base: u16,
    /// Instances of each stage.
    pub instances: u32,
}

/// What `up` is asked for; what is `None` stays as the folder has it.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Clock; a new stack is live.
    pub clock: Option<Clock>,
    /// First port; a new stack takes [`DEMO_BASE`].
    pub port_base: Option<u16>,
    /// Instances of each stage; a new stack has one.
    pub instances: Option<u32>,
    /// Only these members; empty: all.
    pub only: Vec<Member>,
}

/// The shape kept in a folder; `None` where no stack was made.
///
/// # Errors
/// The file is damaged or cannot be read.
pub(crate) fn read_shape(layout: &Layout) -> anyhow::Result<Option<Shape>> {
    let file = layout.shape();
    match std::fs::read_to_string(&file) {
        Ok(text) => toml::from_str(&text)
            .map(Some)
            .with_context(|| format!("{} is damaged: remove the folder", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// What a stack becomes that was `before` (`None`: it is new) and is asked to be as `wish` says.
///
/// # Errors
/// The clock is not that of the data, or there are too few or too many instances.
pub(crate) fn decide(before: Option<Shape>, wish: &Wish) -> anyhow::Result<Shape> {
    if let (Some(before), Some(clock)) = (before, wish.clock) {
        ensure!(
            before.clock == clock,
            "this stack's data was made on the {} clock and cannot go on on the {} clock: \
             `serialtrail clean` first, or name another folder with --dir",
            clock_name(before.clock),
            clock_name(clock)
        );
    }
    let instances = wish.instances.or(before.map(|b| b.instances)).unwrap_or(1);
    ensure!(
        (1..=MAX_INSTANCES).contains(&instances),
        "instances = {instances}: expected 1 to {MAX_INSTANCES}"
    );
    Ok(Shape {
        clock: wish.clock.or(before.map(|b| b.clock)).unwrap_or_default(),
        port_base: wish
            .port_base
            .or(before.map(|b| b.port_base))
            .unwrap_or(DEMO_BASE),
        instances,
    })
}

/// `live` or `replay`.
#[must_use]
pub const fn clock_name(clock: Clock) -> &'static str {
    match clock {
        Clock::Live => "live",
        Clock::Replay => "replay",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_stays_as_it_was() {
        let new = decide(None, &Wish::default()).unwrap();
        assert_eq!(
            (new.clock, new.port_base, new.instances),
            (Clock::Live, DEMO_BASE, 1)
        );
        let before = Shape {
            clock: Clock::Replay,
            port_base: 9400,
            instances: 2,
        };
        assert_eq!(decide(Some(before), &Wish::default()).unwrap(), before);
        let moved = Wish {
            port_base: Some(7000),
            ..Wish::default()
        };
        assert_eq!(decide(Some(before), &moved).unwrap().port_base, 7000);
    }

    #[test]
    fn data_of_one_clock_is_not_continued_on_the_other() {
        let before = decide(None, &Wish::default()).unwrap();
        let wish = Wish {
            clock: Some(Clock::Replay),
            ..Wish::default()
        };
        let message = decide(Some(before), &wish).unwrap_err().to_string();
        assert!(
            message.contains("live clock") && message.contains("clean"),
            "{message}"
        );
    }
}
