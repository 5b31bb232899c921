//! XML documents to try.

/// A document of EPCIS 2.0 with these events; the first event is on line 3.
pub(crate) fn document(events: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" xmlns:ex=\"http://ns.example.com/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" schemaVersion=\"2.0\" creationDate=\"2026-03-04T11:00:30Z\"><EPCISBody><EventList>\n{events}</EventList></EPCISBody></epcis:EPCISDocument>"
    )
}

/// An observation with `more` at its end.
pub(crate) fn observed(more: &str) -> String {
    format!(
        "<ObjectEvent><eventTime>2026-03-04T11:00:30Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:4012345.011111.987</epc></epcList><action>OBSERVE</action>{more}</ObjectEvent>"
    )
}
