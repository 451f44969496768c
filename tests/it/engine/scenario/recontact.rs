//! Customers that come back.

use chrono_tz::America::Bogota;
use simulator::memory::Chat;
use wolkvox_exporter::chats::Field;

use crate::support::world::{World, hours, minutes, recontact, utc};

fn of_customer(world: &World, id: &str, customer: &str, closed_ago: i64) -> Chat {
    Chat::new(id, world.server.now() - minutes(closed_ago)).with(Field::CustomerId, customer)
}

#[tokio::test(start_paused = true)]
async fn recontacts_are_counted_over_restarts_also_after_chats_from_before_the_start() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.config.counting.recontact = recontact("1h,24h");
    // It closed before counting began: it is no chat that counts, and one that is known.
    let early = of_customer(&world, "early", "ana", 120);
    world.happen(early);
    world.start().await;
    world.good_cycle().await;
    let family = "wolkvox_chat_recontacts_total";
    assert!(!world.shown.has(family), "nothing is counted yet");
    world.wait(minutes(6)).await;
    for (id, customer) in [("back", "ana"), ("new", "eva")] {
        let chat = of_customer(&world, id, customer, 0);
        world.happen(chat);
    }
    world.good_cycle().await;
    world.good_cycle().await;
    let counted = |world: &World, within: &str| world.shown.sum(family, &format!("within=\"{within}\""));
    assert_eq!((counted(&world, "1h"), counted(&world, "24h")), (0.0, 1.0));
    world.restart().await;
    world.wait(minutes(20)).await;
    let chat = of_customer(&world, "again", "eva", 0);
    world.happen(chat);
    world.cycles(3).await;
    assert_eq!((counted(&world, "1h"), counted(&world, "24h")), (1.0, 2.0));
    // Off, nothing of it is left, on the page and on the disk.
    world.config.counting.recontact = None;
    world.shown.let_retire();
    world.restart().await;
    assert!(!world.shown.has(family));
    assert!(world.disk.committed().totals.customers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_state_from_before_recontacts_gains_them_at_0() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    let early = of_customer(&world, "early", "ana", 5);
    world.happen(early);
    world.start().await;
    world.good_cycle().await;
    world.config.counting.recontact = recontact("24h");
    world.restart().await;
    world.wait(minutes(6)).await;
    // Nothing is known of the customers of chats that were read before.
    let chat = of_customer(&world, "back", "ana", 0);
    world.happen(chat);
    world.cycles(2).await;
    assert_eq!(world.shown.sum("wolkvox_chat_recontacts_total", ""), 0.0);
    assert!(world.shown.has("wolkvox_chat_recontacts_total"));
    assert!(world.time.truth() < utc("2026-03-10 15:00:00") + hours(1));
    world.wait(minutes(10)).await;
    let chat = of_customer(&world, "again", "ana", 0);
    world.happen(chat);
    world.cycles(2).await;
    assert_eq!(world.shown.sum("wolkvox_chat_recontacts_total", ""), 1.0);
}
