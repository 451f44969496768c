use super::*;

#[tokio::test(start_paused = true)]
async fn a_burst_is_let_through_and_then_one_per_interval() {
    let rate = Rate::new(Duration::from_secs(1), 2);
    assert_eq!([rate.admits(), rate.admits(), rate.admits()], [true, true, false]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!([rate.admits(), rate.admits()], [true, false]);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!([rate.admits(), rate.admits(), rate.admits()], [true, true, false]);
}
