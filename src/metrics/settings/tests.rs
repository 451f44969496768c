//! What is shown of targets.

use super::*;
use crate::config::Objectives;
use crate::config::tests::with;

/// The samples of a family: the skill, where there is one, and the value.
fn samples(config: &OperationConfig, name: &str) -> Vec<(Option<String>, f64)> {
    let family = families(config, config.polling.poll_interval)
        .find(|family| family.proto.name() == name)
        .unwrap();
    let metrics = family.proto.get_metric().iter();
    metrics
        .map(|metric| {
            let [operation, skill @ ..] = metric.get_label() else {
                panic!("no label");
            };
            assert_eq!((operation.name(), operation.value()), ("operation", "0010"));
            let skill = skill.first().map(|label| {
                assert_eq!(label.name(), "skill_id");
                label.value().to_owned()
            });
            (skill, metric.get_gauge().get_value())
        })
        .collect()
}

#[test]
fn a_skill_has_a_sample_of_its_own_where_its_target_differs() {
    let mut config = with(&[]).unwrap().into_operation();
    let own = |asa_target_ms, service_level_target| Objectives {
        asa_target_ms,
        service_level_target,
    };
    let objectives = &mut config.counting.objectives;
    objectives.insert("12".to_owned(), own(Some(20_000), None));
    objectives.insert("13".to_owned(), own(None, Some(0.9)));
    objectives.insert("14".to_owned(), own(Some(30_000), Some(0.8)));
    let skill = |id: &str| Some(id.to_owned());
    assert_eq!(
        samples(&config, "wolkvox_asa_target_seconds"),
        [(None, 30.0), (skill("12"), 20.0)]
    );
    assert_eq!(
        samples(&config, "wolkvox_service_level_target_ratio"),
        [(None, 0.8), (skill("13"), 0.9)]
    );
}
