//! One order of families for many operations.

use std::collections::{BTreeSet, HashMap};

/// The names of all lists in an order that each list follows. Where the lists leave it open, the name that comes first in
/// them goes first. Should two lists contradict each other, no name is lost, but one of them is not followed.
pub(super) fn union<'a>(lists: impl IntoIterator<Item = Vec<&'a str>>) -> Vec<&'a str> {
    let mut graph = Graph::default();
    let mut last = Vec::new();
    for list in lists {
        // Nearly all operations have the same families.
        if list != last {
            graph.add(&list);
            last = list;
        }
    }
    graph.sorted()
}

/// Names with a number each, by their first appearance, and what the lists say of their order.
#[derive(Default)]
struct Graph<'a> {
    numbers: HashMap<&'a str, usize>,
    names: Vec<&'a str>,
    /// Which names follow it directly in some list.
    followers: Vec<BTreeSet<usize>>,
}

impl<'a> Graph<'a> {
    fn add(&mut self, list: &[&'a str]) {
        let numbers: Vec<usize> = list.iter().map(|name| self.number(name)).collect();
        for pair in numbers.windows(2) {
            if pair[0] != pair[1] {
                self.followers[pair[0]].insert(pair[1]);
            }
        }
    }

    fn number(&mut self, name: &'a str) -> usize {
        *self.numbers.entry(name).or_insert_with(|| {
            self.names.push(name);
            self.followers.push(BTreeSet::new());
            self.names.len() - 1
        })
    }

    fn sorted(self) -> Vec<&'a str> {
        let mut waits_for = vec![0; self.names.len()];
        for follower in self.followers.iter().flatten() {
            waits_for[*follower] += 1;
        }
        let mut left: BTreeSet<usize> = (0..self.names.len()).collect();
        let mut free: BTreeSet<usize> = left
            .iter()
            .copied()
            .filter(|number| waits_for[*number] == 0)
            .collect();
        let mut sorted = Vec::with_capacity(self.names.len());
        // Without a free one, lists contradict each other.
        while let Some(number) = free.pop_first().or_else(|| left.first().copied()) {
            left.remove(&number);
            sorted.push(self.names[number]);
            for follower in self.followers[number]
                .iter()
                .filter(|follower| left.contains(follower))
            {
                waits_for[*follower] -= 1;
                if waits_for[*follower] == 0 {
                    free.insert(*follower);
                }
            }
        }
        sorted
    }
}

#[cfg(test)]
mod tests;
