// Both headers are inline; this file makes them a library and compiles each of them once.
#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"
