/// jemalloc's settings in nekod. Freed memory returns to the system within about a second, even
/// while nekod is idle: otherwise a nekod that once had many clients would keep their memory.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
