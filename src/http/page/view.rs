//! What of the status page a query asks for.

/// What is shown, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::http) struct View {
    /// One operation alone; all of them where none is named.
    pub operation: Option<String>,
    pub layout: Layout,
    pub refresh: Refresh,
}

/// For whom it is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) enum Layout {
    /// For a reader.
    #[default]
    Page,
    /// For a wall, to be read from across the room.
    Wall,
}

/// Whether the page loads itself again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) enum Refresh {
    #[default]
    On,
    /// Who reads slowly, or has the page read out, can hold it.
    Off,
}

impl View {
    /// Reads a query; `wall` may have any value or none. Other parameters are passed over, and of two values the last counts.
    pub(in crate::http) fn of(query: &str) -> Self {
        let mut view = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "operation" => view.operation = Some(value.into_owned()),
                "wall" => view.layout = Layout::Wall,
                "refresh" if value == "off" => view.refresh = Refresh::Off,
                _ => {}
            }
        }
        view
    }

    /// The link to this view, from the page itself.
    pub(super) fn link(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(operation) = &self.operation {
            query.append_pair("operation", operation);
        }
        if self.layout == Layout::Wall {
            query.append_key_only("wall");
        }
        if self.refresh == Refresh::Off {
            query.append_pair("refresh", "off");
        }
        format!("?{}", query.finish())
    }
}

#[cfg(test)]
mod tests;
