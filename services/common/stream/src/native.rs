//! The librdkafka calls the safe bindings lack.
//!
//! [`flush`]: `Producer::flush` waits in steps that always last their full 100 ms; the call beneath it
//! returns when the last message is acknowledged. [`Destination::produce`]: many records of one partition
//! at once; `BaseProducer::send` looks the topic up by its name, takes three locks and reads the clock
//! twice for each. [`topic_id`]: tells a recreated topic from the old one.
#![allow(unsafe_code)]

use crate::outputs::Record;
use anyhow::{Context, bail, ensure};
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use std::ffi::{CStr, CString, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
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

/// A topic to produce to. Holds its producer, which has to outlive it.
pub(crate) struct Destination<C: ProducerContext + 'static> {
    topic: NonNull<sys::rd_kafka_topic_t>,
    _producer: Arc<BaseProducer<C>>,
}

impl<C: ProducerContext<DeliveryOpaque = ()>> Destination<C> {
    /// The topic of this name, which need not exist.
    ///
    /// # Errors
    /// It is no name of a topic.
    pub(crate) fn new(producer: &Arc<BaseProducer<C>>, name: &str) -> anyhow::Result<Self> {
        let text = CString::new(name)?;
        let client = producer.client().native_ptr();
        // SAFETY: the client is alive; the name is copied; without settings of its own the topic has the
        // client's.
        let topic = unsafe { sys::rd_kafka_topic_new(client, text.as_ptr(), std::ptr::null_mut()) };
        let topic =
            NonNull::new(topic).with_context(|| format!("no topic can be named {name:?}"))?;
        Ok(Self {
            topic,
            _producer: Arc::clone(producer),
        })
    }

    /// Hands copies of `records` to librdkafka for one partition, in their order. Returns how many it
    /// took, and why it did not take the next.
    pub(crate) fn produce(
        &self,
        partition: i32,
        records: &[Record<'_>],
    ) -> (usize, KafkaResult<()>) {
        let mut messages: Vec<sys::rd_kafka_message_t> =
            records.iter().map(|record| message(*record)).collect();
        let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
        // SAFETY: the topic is this object's, its client alive. `messages` holds at least `count`
        // messages whose keys and values are live slices; F_COPY has them copied before the call returns.
        // The delivery opaque is null, which is what `()` is made of.
        let taken = unsafe {
            sys::rd_kafka_produce_batch(
                self.topic.as_ptr(),
                partition,
                sys::RD_KAFKA_MSG_F_COPY,
                messages.as_mut_ptr(),
                count,
            )
        };
        let taken = usize::try_from(taken).unwrap_or(0);
        if taken == messages.len() {
            return (taken, Ok(()));
        }
        let failed = messages.iter().map(|message| message.err).enumerate();
        let no_error = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        let first = failed.into_iter().find(|(_, error)| *error != no_error);
        match first {
            // After a full queue nothing more is taken, so that the rest can follow.
            Some((at, error)) if at == taken => {
                (at, Err(KafkaError::MessageProduction(error.into())))
            }
            // One in between is missing: no order is left to keep.
            _ => (
                taken,
                Err(KafkaError::MessageProduction(RDKafkaErrorCode::Fail)),
            ),
        }
    }
}

impl<C: ProducerContext> Drop for Destination<C> {
    fn drop(&mut self) {
        // SAFETY: the topic is this object's, its client alive.
        unsafe { sys::rd_kafka_topic_destroy(self.topic.as_ptr()) }
    }
}

fn message((key, value): Record<'_>) -> sys::rd_kafka_message_t {
    let pointer = |bytes: Option<&[u8]>| {
        bytes.map_or(std::ptr::null_mut(), |bytes| {
            bytes.as_ptr().cast::<c_void>().cast_mut()
        })
    };
    sys::rd_kafka_message_t {
        err: sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
        rkt: std::ptr::null_mut(),
        partition: 0,
        payload: pointer(value),
        len: value.map_or(0, <[u8]>::len),
        key: pointer(key),
        key_len: key.map_or(0, <[u8]>::len),
        offset: 0,
        _private: std::ptr::null_mut(),
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
