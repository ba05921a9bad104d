/// How jemalloc works in nekod. What was freed goes back to the system within about a second, also
/// while nothing happens: else a nekod that had many clients once would keep their memory.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
