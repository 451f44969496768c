use super::*;

fn refusal(names: &[&str]) -> Option<LabelError> {
    let labels: Vec<_> = names
        .iter()
        .map(|name| ((*name).to_owned(), "x".to_owned()))
        .collect();
    check(&labels).err()
}

#[test]
fn labels_that_prometheus_adds_are_taken() {
    assert_eq!(refusal(&["job", "instance", "_cluster", "pod2"]), None);
}

#[test]
fn what_is_no_label_name_is_refused_by_name() {
    for name in ["", "2x", "a-b", "a b", "ñ", "a\nb", "a{", "job\""] {
        assert_eq!(refusal(&["job", name]), Some(LabelError::NoName(name.to_owned())));
    }
}

#[test]
fn names_of_prometheus_own_are_refused() {
    for name in ["__name__", "__address__", "__x", "__"] {
        assert_eq!(refusal(&[name]), Some(LabelError::Reserved(name.to_owned())));
    }
}

#[test]
fn every_label_of_every_family_is_refused() {
    let of_families = catalogue::all().flat_map(|spec| spec.labels).copied();
    for name in of_families.chain(OF_THE_FORMAT) {
        assert_eq!(
            refusal(&["job", name]),
            Some(LabelError::OfTheMetrics(name.to_owned()))
        );
    }
}

#[test]
fn a_label_twice_is_refused() {
    let twice = refusal(&["job", "instance", "job"]);
    assert_eq!(twice, Some(LabelError::Twice("job".to_owned())));
}
