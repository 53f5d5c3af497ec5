//! One self-contained page: styles, plots and a little script are inside, and
//! nothing is loaded from anywhere, so that it can be mailed and kept.

mod axis;
mod bench;
mod gauge;
mod growth;
mod outcome;
mod plot;
mod plots;
pub(crate) mod svg;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::outcome::Machine;
use crate::recording::json::Recording;
use crate::recording::units::date;

/// The page of one run, of several, or of a whole bench.
pub(crate) fn page(recording: &Recording) -> String {
    let is_bench = recording.is_bench();
    let content = html! {
        @if is_bench {
            (bench::content(&recording.runs))
        } @else {
            @for run in &recording.runs { (outcome::content(&run.outcome)) }
        }
    };
    let title = match recording.runs.as_slice() {
        _ if is_bench => "Rookery bench".to_owned(),
        [run] => format!("{} · {}", run.outcome.scenario, run.outcome.system),
        _ => "Rookery load test".to_owned(),
    };
    document(&title, content).into_string()
}

fn document(title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(concat!(include_str!("style.css"), include_str!("plot.css")))) }
            }
            body {
                main { (content) }
                footer { "Made by rookery-loadtest." }
                script { (PreEscaped(include_str!("hover.js"))) }
            }
        }
    }
}

/// When and where: a line for the head of a page.
fn place(started_at_ms: u64, machine: &Machine) -> String {
    let mut words = vec![date(started_at_ms)];
    if !machine.cpu.is_empty() {
        words.push(format!("{} ({} cores)", machine.cpu, machine.cores));
    }
    if machine.memory_bytes > 0 {
        words.push(crate::recording::units::bytes(machine.memory_bytes as f64));
    }
    if !machine.kernel.is_empty() {
        words.push(format!("Linux {}", machine.kernel));
    }
    words.join(" · ")
}

/// Rows of cells, the first of each its name, which has nothing over it.
fn table(head: &[impl maud::Render], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { th { } @for name in head { th { (name) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (column, cell) in row.iter().enumerate() {
                                @if column == 0 { th { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::example;

    /// Elements that have no end of their own.
    const VOID: [&str; 3] = ["meta", "br", "!DOCTYPE"];

    fn recordings() -> [Recording; 3] {
        [
            Recording::of(example::fanout("rookery", 1.0)),
            Recording::of(example::sweep("rookery", 1.0)),
            Recording::of_runs(example::bench()),
        ]
    }

    fn pages() -> [String; 3] {
        recordings().each_ref().map(page)
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for page in pages() {
            for reference in [
                "http:", "https:", " src=", " href=", "url(", "@import", "fetch(",
            ] {
                assert!(!page.contains(reference), "the page has {reference:?}");
            }
        }
    }

    #[test]
    fn every_element_is_closed_in_its_place() {
        for page in pages() {
            let mut open = Vec::new();
            let body = without(&without(&page, "script"), "style");
            for tag in body
                .split('<')
                .skip(1)
                .filter_map(|rest| rest.split_once('>'))
            {
                let name = tag.0.split([' ', '\n']).next().unwrap();
                match name.strip_prefix('/') {
                    Some(closed) => assert_eq!(open.pop(), Some(closed), "near {:?}", tag.1),
                    None if VOID.contains(&name) => {}
                    None => open.push(name),
                }
            }
            assert!(open.is_empty(), "never closed: {open:?}");
        }
    }

    /// The page without what is not markup.
    fn without(page: &str, element: &str) -> String {
        let (start, end) = (format!("<{element}>"), format!("</{element}>"));
        let (before, rest) = page.split_once(&start).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        format!("{before}{after}")
    }

    #[test]
    fn words_from_outside_are_words_and_not_markup() {
        let mut outcome = example::fanout("<u>rookery", 1.0);
        outcome.remarks.push("<script>alert(1)</script>".into());
        let page = page(&Recording::of(outcome));
        assert!(!page.contains("<u>") && !page.contains("<script>alert"));
        assert!(page.contains("&lt;script&gt;alert"));
    }

    /// Writes the examples to look at: `ROOKERY_EXAMPLE_PAGES=dir cargo nextest run examples_for_the_eye`.
    #[test]
    fn examples_for_the_eye() {
        let kept = std::env::var_os("ROOKERY_EXAMPLE_PAGES").map(std::path::PathBuf::from);
        let temporary = tempfile::tempdir().unwrap();
        let directory = kept.unwrap_or_else(|| temporary.path().to_owned());
        for (name, recording) in ["fanout", "sweep", "bench"].into_iter().zip(recordings()) {
            let path = directory.join(name);
            recording.write(&path.with_extension("json")).unwrap();
            std::fs::write(path.with_extension("html"), page(&recording)).unwrap();
            assert!(page(&recording).contains("<svg"), "no plot in {name}");
        }
    }
}
