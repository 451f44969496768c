//! Which operations are simulated where there are several. All are invented.

use simulator::Settings;

/// The operations in their order. After the last one they come again, with a number.
const CAST: [Part; 12] = [
    Part {
        own: "business_hours = \"24/7\"\n[operation.skills]\n\"12\" = { asa_target = \"20s\", service_level_target = 0.9 }\n",
        ..Part::of_size("ventas", 3000.0, 45)
    },
    // Its customers are in Mexico.
    Part {
        zone: chrono_tz::America::Mexico_City,
        group: Some("servicio"),
        own: "business_hours = \"Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-13:00\"\npoll_interval = \"5s\"\n",
        ..Part::of_size("soporte", 900.0, 20)
    },
    Part {
        group: Some("servicio"),
        own: "poll_interval = \"5s\"\n",
        ..Part::of_size("cobranzas", 240.0, 8)
    },
    Part::of_size("retencion", 120.0, 5),
    Part::of_size("citas", 90.0, 4),
    Part::of_size("reservas", 180.0, 6),
    Part::of_size("domicilios", 600.0, 15),
    Part::of_size("garantias", 40.0, 3),
    Part::of_size("fidelizacion", 60.0, 3),
    Part::of_size("encuestas", 30.0, 2),
    Part::of_size("bancaseguros", 150.0, 6),
    Part::of_size("backoffice", 20.0, 2),
];

/// An operation of the cast.
struct Part {
    name: &'static str,
    chats_per_hour: f64,
    agents: u32,
    zone: chrono_tz::Tz,
    /// With whom it shares a token, and so one call at a time.
    group: Option<&'static str>,
    /// More lines of its table in the operations file.
    own: &'static str,
}

impl Part {
    const fn of_size(name: &'static str, chats_per_hour: f64, agents: u32) -> Part {
        Part {
            name,
            chats_per_hour,
            agents,
            zone: chrono_tz::America::Bogota,
            group: None,
            own: "",
        }
    }
}

/// One simulated operation: what its server accepts, and what its table in the operations file says.
#[derive(Debug)]
pub(super) struct Role {
    name: String,
    /// How its server is.
    pub(super) settings: Settings,
    group: Option<String>,
    own: &'static str,
}

impl Role {
    /// The only operation.
    pub(super) fn alone(name: &str) -> Role {
        Role {
            name: name.to_owned(),
            settings: Settings::demo(),
            group: None,
            own: "",
        }
    }

    fn of(part: &Part, round: usize) -> Role {
        let numbered = |name: &str| match round {
            0 => name.to_owned(),
            _ => format!("{name}-{}", round + 1),
        };
        let (name, group) = (numbered(part.name), part.group.map(numbered));
        let token = format!("simulated-{}+/=", group.as_ref().unwrap_or(&name));
        Role {
            settings: Settings {
                zone: part.zone,
                chats_per_hour: part.chats_per_hour,
                agents: part.agents,
                token,
                ..Settings::demo()
            },
            name,
            group,
            own: part.own,
        }
    }

    /// Its table, for a server at this address.
    pub(super) fn table(&self, base_url: &str) -> String {
        let Settings { token, zone, .. } = &self.settings;
        let name = &self.name;
        let group = self.group.as_ref().map(|group| format!("group = \"{group}\"\n"));
        format!(
            "[[operation]]\nname = \"{name}\"\nbase_url = \"{base_url}\"\ntoken = \"{token}\"\ntimezone = \"{zone}\"\n{}{}",
            group.unwrap_or_default(),
            self.own
        )
    }
}

/// The operations, without an end.
pub(super) fn roles() -> impl Iterator<Item = Role> {
    (0..).flat_map(|round| CAST.iter().map(move |part| Role::of(part, round)))
}
