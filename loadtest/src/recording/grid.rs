//! Columns of text that line up, colours or not: the first to the left, the
//! others to the right, as numbers are read.

use console::{Alignment, measure_text_width, pad_str, style};

const INDENT: &str = "  ";
const GAP: &str = "   ";

/// Rows under a head.
pub(crate) struct Grid {
    rows: Vec<Vec<String>>,
    /// How many columns, from the left, are words and not numbers.
    words: usize,
}

impl Grid {
    pub(crate) fn new(head: &[&str]) -> Self {
        let head = head
            .iter()
            .map(|name| style(*name).dim().to_string())
            .collect();
        Self {
            rows: vec![head],
            words: 1,
        }
    }

    /// Without a head.
    pub(crate) fn headless() -> Self {
        Self {
            rows: Vec::new(),
            words: 1,
        }
    }

    /// Aligns the first `columns` to the left.
    pub(crate) fn with_words(mut self, columns: usize) -> Self {
        self.words = columns;
        self
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, each with its end.
    pub(crate) fn text(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<_> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| {
                    let side = if column < self.words {
                        Alignment::Left
                    } else {
                        Alignment::Right
                    };
                    pad_str(cell, *width, side, None)
                })
                .collect();
            text += INDENT;
            text += cells.join(GAP).trim_end();
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| measure_text_width(cell))
                .max()
                .unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_their_colour() {
        let mut grid = Grid::headless();
        grid.row(vec![
            "a".into(),
            style("7").green().force_styling(true).to_string(),
        ]);
        grid.row(vec!["long".into(), "1,234".into()]);
        let text = console::strip_ansi_codes(&grid.text()).into_owned();
        assert_eq!(text, "  a          7\n  long   1,234\n");
    }
}
