#pragma once
// Incremental fetch sessions (KIP-227), as Kafka's FetchManager keeps them.

#include "kafka/fake/handlers.h"

namespace ottla::kafka::fake {

// Opens, updates or closes the session that a Fetch request names, and remembers it in the
// connection. An error is the answer to the whole request.
ErrorCode begin_fetch(const FetchRequest& request, Call& call);

// The session of the fetch that is being handled; null when it is gone meanwhile.
FetchSession* fetch_session(Call& call);

}  // namespace ottla::kafka::fake
