//! How the server can misbehave.

/// What the next answer does instead of being right.
///
/// Faults that distort an answer (`CutBody`, `ResetBody`, `StallBody`, `OneByteASecond`, `PhpWarningBeforeJson`,
/// `AnnounceMore`, `InvalidUtf8`, `WrongContentLength`) leave everything else as it is: a wrong token is still refused. The
/// others replace the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(any(test, feature = "faults")),
    expect(dead_code, unreachable_pub, reason = "nothing can ask for it")
)]
pub enum Fault {
    /// An HTTP status, with an envelope of the same code: maintenance is a 403 of unknown text.
    Status {
        /// The status, 100 to 999.
        code: u16,
        /// The envelope's `msg`.
        msg: String,
        /// The `Retry-After` header, verbatim.
        retry_after: Option<String>,
    },
    /// The connection is reset when the request was read.
    ResetBeforeHeaders,
    /// The connection is reset as soon as it is made; an existing one, at its next request.
    DropConnections,
    /// The request is read, and never answered.
    Stall,
    /// The connection is closed after so many bytes of the body, or where the body should end.
    CutBody {
        /// Bytes of the body that are sent.
        after_bytes: usize,
    },
    /// The connection is reset after so many bytes of the body, or where the body should end. Of many bytes, the last may
    /// be lost with it.
    ResetBody {
        /// Bytes of the body that are sent.
        after_bytes: usize,
    },
    /// Nothing more comes after so many bytes of the body, or where the body should end.
    StallBody {
        /// Bytes of the body that are sent.
        after_bytes: usize,
    },
    /// The body comes one byte a second.
    OneByteASecond,
    /// HTTP 200 with these very bytes as its body.
    Body(Vec<u8>),
    /// HTTP 502 with a page of HTML, as from a proxy.
    Html502,
    /// HTTP 200 with a page of HTML, as from a login page.
    Html200,
    /// A PHP warning before the JSON.
    PhpWarningBeforeJson,
    /// HTTP 200 with nothing in it.
    EmptyBody,
    /// HTTP 200 with an envelope of another code and no rows.
    OtherCodeIn200 {
        /// The envelope's `code`.
        code: String,
        /// The envelope's `msg`.
        msg: String,
    },
    /// `N records were found` with N so much above the rows sent; an empty window becomes a 200 without rows.
    AnnounceMore(u64),
    /// A redirect, 302.
    Redirect {
        /// The `Location` header, verbatim.
        location: String,
    },
    /// A body of an array that never comes to its first row.
    EndlessBody,
    /// The same, compressed: a few bytes on the wire become thousands.
    GzipBomb,
    /// The text of this field begins with bytes that are not UTF-8, in every row.
    InvalidUtf8 {
        /// The field's key, exactly as sent.
        field: String,
    },
    /// `Content-Length` promises so many bytes more than are sent.
    WrongContentLength {
        /// Bytes that never come.
        missing: u64,
    },
}

impl Fault {
    /// An HTTP status and its `msg`, without `Retry-After`.
    #[cfg(any(test, feature = "faults"))]
    pub fn status(code: u16, msg: &str) -> Self {
        Self::Status {
            code,
            msg: msg.to_owned(),
            retry_after: None,
        }
    }
}
