//! Which calls may carry things of several partitions.
//!
//! One Redis takes them together. A cluster has partitions on different servers:
//! a call for each, which is what a script is held to in any case.

use crate::Partition;

/// Whether a call may touch several partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    /// One Redis has them all.
    Together,
    /// It is a cluster.
    ByPartition,
}

impl Grouping {
    /// What may travel in one call, each with its place among what was given. Without
    /// anything to carry there is no call.
    pub(super) fn split<T>(
        self,
        items: impl IntoIterator<Item = T>,
        partition_of: impl Fn(&T) -> Partition,
    ) -> Vec<Vec<(usize, T)>> {
        let items = items.into_iter().enumerate();
        if self == Self::Together {
            let all: Vec<_> = items.collect();
            return if all.is_empty() {
                Vec::new()
            } else {
                vec![all]
            };
        }
        let mut groups: Vec<(Partition, Vec<(usize, T)>)> = Vec::new();
        for (place, item) in items {
            let partition = partition_of(&item);
            match groups.iter_mut().find(|(other, _)| *other == partition) {
                Some((_, group)) => group.push((place, item)),
                None => groups.push((partition, vec![(place, item)])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// Puts answers where their questions stood; `None` where one is missing.
pub(super) fn in_order<A>(count: usize, answers: Vec<(usize, A)>) -> Option<Vec<A>> {
    let mut placed: Vec<Option<A>> = Vec::with_capacity(count);
    placed.resize_with(count, || None);
    for (place, answer) in answers {
        *placed.get_mut(place)? = Some(answer);
    }
    placed.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: u8) -> Partition {
        Partition::numbered(number).unwrap()
    }

    #[test]
    fn one_redis_takes_all_together_and_a_cluster_by_partition() {
        let items = [3, 1, 3, 2];
        let of = |item: &u8| numbered(*item);
        assert_eq!(
            Grouping::Together.split(items, of),
            [[(0, 3), (1, 1), (2, 3), (3, 2)]]
        );
        assert_eq!(
            Grouping::ByPartition.split(items, of),
            [vec![(0, 3), (2, 3)], vec![(1, 1)], vec![(3, 2)]]
        );
        for grouping in [Grouping::Together, Grouping::ByPartition] {
            assert!(grouping.split([0_u8; 0], of).is_empty());
        }
    }

    #[test]
    fn answers_stand_where_their_questions_stood() {
        assert_eq!(in_order(2, vec![(1, "b"), (0, "a")]), Some(vec!["a", "b"]));
        assert_eq!(in_order(2, vec![(1, "b")]), None);
        assert_eq!(in_order(1, vec![(1, "b")]), None);
    }
}
