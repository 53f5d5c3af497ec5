//! What a case of the bench is: a load, who carries it, and what is hoped for.

/// A load, who has to carry it, and the goals that it decides.
#[derive(Debug)]
pub(crate) struct Case {
    /// For `--only` and the files: `fanout-steady`.
    pub(crate) key: &'static str,
    /// For people.
    pub(crate) title: &'static str,
    pub(crate) scenario: &'static str,
    /// Arguments of the scenario, with spaces between.
    pub(crate) settings: &'static str,
    /// Arguments in their place for the short form, which only looks whether everything arrives.
    pub(crate) short: &'static str,
    /// The first is the one that the goals are for.
    pub(crate) contenders: &'static [Contender],
    pub(crate) goals: &'static [Goal],
    /// Where the contenders are sizes of one load instead of systems.
    pub(crate) growth: Option<Growth>,
}

/// What grows from contender to contender, whose names are its sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// For people: `Members of the room`.
    pub(crate) along: &'static str,
    /// The keys of the figures that are looked at.
    pub(crate) figures: &'static [&'static str],
}

/// Who is measured in a case.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) measured: Measured,
}

/// What is run for a contender.
#[derive(Debug)]
pub(crate) enum Measured {
    /// The scenario against a system, with arguments beside those of the case.
    System {
        name: &'static str,
        settings: &'static str,
    },
    /// Redis alone, without a chat around it.
    RedisBaseline,
}

/// What a figure should come to.
#[derive(Debug)]
pub(crate) struct Goal {
    /// The key of the figure.
    pub(crate) figure: &'static str,
    pub(crate) bound: Bound,
}

/// Rookery with arguments of its own.
pub(super) const fn rookery(name: &'static str, settings: &'static str) -> Contender {
    let measured = Measured::System {
        name: "rookery",
        settings,
    };
    Contender { name, measured }
}

/// A goal of a case.
pub(super) const fn goal(figure: &'static str, bound: Bound) -> Goal {
    Goal { figure, bound }
}

/// Where a goal lies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// Times the figure of another contender, at most.
    AtMostTimes(f64, &'static str),
    /// Times the figure of another contender, at least.
    AtLeastTimes(f64, &'static str),
    /// The figure itself, at most.
    Limit(f64),
}

impl Case {
    /// The one that the goals are for.
    pub(crate) fn subject(&self) -> &'static str {
        self.contenders[0].name
    }

    /// The figures that are looked at first: those of the goals, each once, or
    /// what is said to grow.
    pub(crate) fn figures(&self) -> Vec<&'static str> {
        let growing = self.growth.map_or(&[][..], |growth| growth.figures);
        let mut figures = growing.to_vec();
        for goal in self.goals {
            if !figures.contains(&goal.figure) {
                figures.push(goal.figure);
            }
        }
        figures
    }
}

impl Bound {
    /// Whether a value, or a ratio where the bound is one, keeps to it.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMostTimes(bound, _) | Self::Limit(bound) => value <= bound,
            Self::AtLeastTimes(bound, _) => value >= bound,
        }
    }

    /// The number that is compared with.
    pub(crate) fn level(self) -> f64 {
        match self {
            Self::AtMostTimes(level, _) | Self::AtLeastTimes(level, _) | Self::Limit(level) => {
                level
            }
        }
    }

    /// Who the figure is divided by, where the bound is a ratio.
    pub(crate) fn against(self) -> Option<&'static str> {
        match self {
            Self::AtMostTimes(_, other) | Self::AtLeastTimes(_, other) => Some(other),
            Self::Limit(_) => None,
        }
    }
}
