//! What a bench found, for a person at a terminal.

use console::style;

use super::judge::{Verdict, judge};
use super::{
    case::Case,
    cases::all_cases,
    findings::{figures, findings},
};
use crate::recording::grid::Grid;
use crate::recording::json::Run;
use crate::recording::units::ratio;

/// Every case with a line for everybody in it, then the goals.
pub(crate) fn text(runs: &[Run]) -> String {
    let ran = |case: &&Case| runs.iter().any(|run| run.case.as_deref() == Some(case.key));
    let mut text: String = all_cases()
        .filter(ran)
        .map(|case| of_case(case, runs))
        .collect();
    let goals = goals(runs);
    if !goals.is_empty() {
        text += &format!("\n{}\n{goals}", style("Goals").bold());
    }
    text
}

fn of_case(case: &Case, runs: &[Run]) -> String {
    let runs = runs.iter();
    let runs = runs.filter(|run| run.case.as_deref() == Some(case.key));
    let found = findings(&runs.collect::<Vec<_>>(), Some(case));
    let mut text = format!(
        "\n{}   {}\n",
        style(case.title).bold(),
        style(case.key).dim()
    );
    for key in figures(Some(case), &found) {
        let rows = found.iter();
        let rows = rows.filter_map(|one| Some((one.name, one.figure(&key)?)));
        let rows: Vec<_> = rows.collect();
        let Some((_, (named, first))) = rows.first() else {
            continue;
        };
        let mut grid = Grid::new(&[&named.name, "median (least – most)", "ratio"]);
        for (name, (figure, spread)) in &rows {
            let times = ratio(spread.median / first.median);
            grid.row(vec![
                (*name).to_owned(),
                spread.quantity(&figure.unit),
                times,
            ]);
        }
        text += &grid.text();
    }
    text
}

fn goals(runs: &[Run]) -> String {
    let judged = judge(runs);
    if judged.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new(&[
        "case",
        "figure",
        "goal",
        "found (least – median – most)",
        "",
    ])
    .with_words(3);
    for judged in &judged {
        grid.row(vec![
            judged.case.key.to_owned(),
            judged.figure.clone(),
            judged.goal_words(),
            judged.found_words(),
            coloured(judged.verdict),
        ]);
    }
    grid.text()
}

fn coloured(verdict: Verdict) -> String {
    let words = style(verdict.words());
    match verdict {
        Verdict::Met => words.green(),
        Verdict::MetInTheMedian => words.yellow(),
        Verdict::Missed => words.red(),
        Verdict::NotMeasured => words.dim(),
    }
    .to_string()
}

/// The cases, who is measured in them, and the goals.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for case in all_cases() {
        let names: Vec<_> = case
            .contenders
            .iter()
            .map(|contender| contender.name)
            .collect();
        text += &format!("{}\n  {}\n", style(case.key).bold(), case.title);
        text += &format!("  {} {}\n", case.scenario, case.settings);
        text += &format!("  {}\n", style(names.join(", ")).dim());
        for goal in case.goals {
            text += &format!("  goal: {} {}\n", goal.figure, goal.bound.words(""));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::example;

    #[test]
    fn ratios_stand_beside_the_goals() {
        let text = text(&example::bench());
        let text = console::strip_ansi_codes(&text);
        let line = |start: &[&str]| {
            let words = |line: &str| {
                line.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            let found = text.lines().map(words).find(|words| {
                words.starts_with(&start.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
            });
            found
                .unwrap_or_else(|| panic!("no {start:?} in\n{text}"))
                .join(" ")
        };
        assert_eq!(line(&["bun"]), "bun 7.97 µs (7.82 µs – 8.13 µs) 1.08 ×");
        assert_eq!(
            line(&["fanout-steady", "CPU", "per", "delivery", "≤", "1.00"]),
            "fanout-steady CPU per delivery ≤ 1.00 × bun 0.926 – 0.926 – 0.926 × met"
        );
        assert!(
            line(&["fanout-steady", "CPU", "per", "delivery", "≤", "1.05"])
                .ends_with("not measured")
        );
    }
}
