//! How far a finding lies from its goal: a dot on a line, the goal in the middle.

use maud::{Markup, html};

use crate::goals::case::Bound;
use crate::goals::judge::Judged;

/// As many doublings to each side.
const DOUBLINGS: f64 = 2.0;

pub(super) fn markup(judged: &Judged) -> Markup {
    html! {
        div.gauge {
            @for mark in 1..(2.0 * DOUBLINGS) as u32 {
                i.mark style=(format!("left:{:.1}%", f64::from(mark) / (2.0 * DOUBLINGS) * 100.0)) {}
            }
            i.goal-line {}
            @if let Some(found) = judged.found {
                @let (least, median, most) = (place(judged, found.min), place(judged, found.median), place(judged, found.max));
                @let (left, right) = (least.min(most), least.max(most));
                i.range.(judged.verdict.class()) style=(format!("left:{left:.1}%;width:{:.1}%", right - left)) {}
                i.middle.(judged.verdict.class()) style=(format!("left:{median:.1}%")) {}
            }
        }
    }
}

/// In percent from the left: the goal at 50, better to the right.
fn place(judged: &Judged, value: f64) -> f64 {
    let level = judged.goal.bound.level();
    let goodness = match judged.goal.bound {
        Bound::AtLeastTimes(..) => value / level,
        Bound::AtMostTimes(..) | Bound::Limit(_) => level / value,
    };
    let doublings = goodness.max(1e-9).log2().clamp(-DOUBLINGS, DOUBLINGS);
    50.0 + doublings / DOUBLINGS * 50.0
}
