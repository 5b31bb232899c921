//! The two librdkafka calls the safe bindings lack.
//!
//! [`flush`]: `Producer::flush` waits in steps that always last their full 100 ms; the call beneath it
//! returns when the last message is acknowledged. [`topic_id`]: tells a recreated topic from the old one.
#![allow(unsafe_code)]

use anyhow::{Context, bail, ensure};
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use std::ffi::{CStr, CString};
use std::time::Duration;

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

/// Waits until every produced message is acknowledged or failed, at most `timeout`.
///
/// # Errors
/// `KafkaError::Flush` with a time-out: failed messages wait in the event queue for
/// `BaseProducer::poll`, or acknowledgements are still missing.
pub fn flush<C: ProducerContext>(producer: &BaseProducer<C>, timeout: Duration) -> KafkaResult<()> {
    // SAFETY: the pointer is that of a live client, borrowed for the whole call; the function is
    // thread safe and keeps nothing.
    let code = unsafe { sys::rd_kafka_flush(producer.client().native_ptr(), millis(timeout)) };
    match code {
        sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(KafkaError::Flush(code.into())),
    }
}

/// Frees one object of librdkafka at the end of a scope.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: constructed only from a non-null pointer this module owns, with its own destructor.
        unsafe { (self.1)(self.0) }
    }
}

impl<T> Owned<T> {
    fn new(pointer: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> anyhow::Result<Self> {
        ensure!(!pointer.is_null(), "librdkafka could not allocate");
        Ok(Self(pointer, destroy))
    }
}

/// Kafka's id of a topic (a UUID in base64): a topic deleted and created again has another.
///
/// # Errors
/// The topic does not exist, or no broker answered within `timeout`.
pub(crate) fn topic_id<C: rdkafka::ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> anyhow::Result<String> {
    let name = CString::new(topic)?;
    let mut names = [name.as_ptr()];
    let kafka = client.native_ptr();
    // SAFETY: every pointer passed below is non-null (checked by `Owned::new` or here), comes from the
    // call before it, and is used only while its owner lives; owners are dropped in reverse order at
    // the end of the block. `names` outlives the collection, which copies the strings.
    unsafe {
        let topics = Owned::new(
            sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()),
            sys::rd_kafka_TopicCollection_destroy,
        )?;
        let options = Owned::new(
            sys::rd_kafka_AdminOptions_new(
                kafka,
                sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            ),
            sys::rd_kafka_AdminOptions_destroy,
        )?;
        sys::rd_kafka_AdminOptions_set_request_timeout(
            options.0,
            millis(timeout),
            std::ptr::null_mut(),
            0,
        );
        let queue = Owned::new(sys::rd_kafka_queue_new(kafka), sys::rd_kafka_queue_destroy)?;
        sys::rd_kafka_DescribeTopics(kafka, topics.0, options.0, queue.0);
        let event = sys::rd_kafka_queue_poll(queue.0, millis(timeout));
        let event = Owned::new(event, sys::rd_kafka_event_destroy)
            .with_context(|| format!("no broker described topic {topic} in time"))?;
        let code = sys::rd_kafka_event_error(event.0);
        if code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            let text = CStr::from_ptr(sys::rd_kafka_err2str(code)).to_string_lossy();
            bail!("topic {topic} could not be described: {text}");
        }
        let result = sys::rd_kafka_event_DescribeTopics_result(event.0);
        ensure!(!result.is_null(), "topic {topic}: unexpected answer");
        let mut count = 0;
        let described = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        ensure!(
            count == 1 && !described.is_null(),
            "topic {topic}: unexpected answer"
        );
        let description = *described;
        let error = sys::rd_kafka_TopicDescription_error(description);
        if !error.is_null() {
            let text = CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy();
            bail!("topic {topic}: {text}");
        }
        let id = sys::rd_kafka_TopicDescription_topic_id(description);
        ensure!(
            !id.is_null(),
            "topic {topic} has no id: Kafka 2.8 or later is needed"
        );
        let id = sys::rd_kafka_Uuid_base64str(id);
        ensure!(!id.is_null(), "topic {topic}: unreadable id");
        Ok(CStr::from_ptr(id).to_string_lossy().into_owned())
    }
}
