//! Gauges that are computed of something that was published, by label sets of the chats.

use std::fmt::Debug;
use std::sync::Arc;

use crate::chats::key::LabelSet;
use crate::metrics::rows::{self, Meta, Point, Row, Rows};
use crate::metrics::spec::Spec;

/// The values of a family with their label sets, of which one that stands alone has none.
pub(super) type Values<'a> = Box<dyn Iterator<Item = (Option<&'a LabelSet>, f64)> + 'a>;

/// What gauges are computed of.
pub(super) trait Source: PartialEq + Debug + Send + Sync + 'static {
    /// How the values of a family are taken of it.
    type Take: Copy + Debug + Send + Sync;

    /// The values of a family.
    fn values(&self, take: Self::Take) -> Values<'_>;
}

/// A family of gauges.
#[derive(Debug)]
struct GaugeRows<S: Source> {
    spec: &'static Spec,
    take: S::Take,
    operation: Arc<str>,
    source: Arc<S>,
}

/// These families; those without a sample are left out.
pub(super) fn families<S: Source>(
    operation: &str,
    source: &Arc<S>,
    families: impl Iterator<Item = (&'static Spec, S::Take)>,
) -> Vec<Arc<dyn Rows>> {
    let operation: Arc<str> = operation.into();
    families
        .map(|(spec, take)| GaugeRows {
            spec,
            take,
            operation: Arc::clone(&operation),
            source: Arc::clone(source),
        })
        .filter(|rows| rows.lines() > 0)
        .map(|rows| Arc::new(rows) as Arc<dyn Rows>)
        .collect()
}

impl<S: Source> Rows for GaugeRows<S> {
    fn meta(&self) -> Meta<'_> {
        self.spec.meta()
    }

    fn lines(&self) -> usize {
        self.source.values(self.take).count()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>)) {
        let mut labels = Vec::new();
        for (set, value) in self.source.values(self.take) {
            let values = set.into_iter().flat_map(LabelSet::values);
            labels.clear();
            labels.extend(
                self.spec
                    .label_names()
                    .zip(std::iter::once(&*self.operation).chain(values)),
            );
            visit(Row {
                labels: &labels,
                point: Point::Number(value),
                created_ms: None,
                exemplars: &rows::no_exemplars,
            });
        }
    }

    fn are_those_of(&self, other: &dyn Rows) -> bool {
        let Some(other) = other.downcast::<GaugeRows<S>>() else {
            return false;
        };
        let is_same_family = self.spec == other.spec && self.operation == other.operation;
        let are_same = || self.source.values(self.take).eq(other.source.values(other.take));
        is_same_family && (Arc::ptr_eq(&self.source, &other.source) || are_same())
    }
}
