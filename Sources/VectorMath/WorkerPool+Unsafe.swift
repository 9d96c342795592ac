internal import CAttuneKernels
internal import Glibc
internal import Synchronization

/// The worker threads behind ``parallelFor(_:grain:_:)``.
///
/// One job runs at a time. Its caller works too; workers that wake up in time join, and the caller closes the job when no
/// block is left, then waits only for those that joined. Workers and caller wait spinning for a moment, because the next
/// loop of a model usually follows within microseconds, and then sleep.
final class WorkerPool: @unchecked Sendable {
    static let shared = WorkerPool()

    /// One call at a time.
    private let callers = Lock()
    /// Guards all that follows; what is atomic is also looked at without it.
    private let state = Lock()
    private let work = Condition()
    private let done = Condition()
    private var threads = 0
    private var sleepers = 0

    // The job. Body and number of blocks stay as they are from its opening until the last worker has left.
    private var body: ((Int) -> Void)?
    private var blocks = 0
    private let next = Atomic<Int>(0)
    /// How many workers may still join.
    private var places = 0
    /// How many joined and have not left.
    private let joined = Atomic<Int>(0)
    /// Counts the jobs.
    private let generation = Atomic<Int>(0)

    /// How long a thread spins before it sleeps.
    private static let spinNanoseconds: UInt64 = 20_000

    /// Runs `body` once for every block on at most `width` threads, this one among them.
    func run(blocks: Int, width: Int, _ body: (Int) -> Void) {
        callers.lock()
        defer { callers.unlock() }
        withoutActuallyEscaping(body) { body in
            open(blocks: blocks, workers: width - 1, body)
            Self.markInsideBlock(true)
            drain()
            Self.markInsideBlock(false)
            close()
        }
    }

    private func open(blocks: Int, workers: Int, _ body: @escaping (Int) -> Void) {
        state.lock()
        while threads < workers, startThread() { threads += 1 }
        self.body = body
        self.blocks = blocks
        next.store(0, ordering: .relaxed)
        places = workers
        generation.wrappingAdd(1, ordering: .releasing)
        for _ in 0..<min(sleepers, workers) { work.signal() }
        state.unlock()
    }

    /// Lets no more workers in and waits until the last one has left.
    private func close() {
        state.lock()
        places = 0
        state.unlock()
        Self.spin { joined.load(ordering: .acquiring) == 0 }
        state.lock()
        while joined.load(ordering: .relaxed) > 0 { done.wait(state) }
        body = nil
        state.unlock()
    }

    /// Takes blocks until none is left. Holds no reference to the body when it returns.
    @inline(never) private func drain() {
        guard let body else { return }
        while true {
            let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard block < blocks else { return }
            body(block)
        }
    }

    /// What a worker does for ever.
    private func serve() {
        Self.markInsideBlock(true)
        var seen = 0
        while true {
            Self.spin { generation.load(ordering: .acquiring) != seen }
            state.lock()
            while generation.load(ordering: .relaxed) == seen {
                sleepers += 1
                work.wait(state)
                sleepers -= 1
            }
            seen = generation.load(ordering: .relaxed)
            let joins = places > 0
            if joins {
                places -= 1
                joined.wrappingAdd(1, ordering: .relaxed)
            }
            state.unlock()
            guard joins else { continue }
            drain()
            state.lock()
            if joined.wrappingSubtract(1, ordering: .releasing).newValue == 0 { done.signal() }
            state.unlock()
        }
    }

    private func startThread() -> Bool {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return false }
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let pool = Unmanaged.passUnretained(self).toOpaque()
        return pthread_create(&thread, &attributes, Self.threadMain, pool) == 0
    }

    private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pool in
        if let pool { Unmanaged<WorkerPool>.fromOpaque(pool).takeUnretainedValue().serve() }
        return nil
    }

    /// Waits until `ready`, at most for a moment.
    private static func spin(until ready: () -> Bool) {
        if ready() { return }
        let deadline = clock_gettime_nsec() + spinNanoseconds
        repeat {
            for _ in 0..<16 {
                attune_spin_hint()
                if ready() { return }
            }
        } while clock_gettime_nsec() < deadline
    }

    private static func clock_gettime_nsec() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

// MARK: The mark of a thread that is inside a block

extension WorkerPool {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "no key for thread-local data is left")
        return key
    }()

    /// Whether the calling thread is running a block.
    static var isInsideBlock: Bool { pthread_getspecific(key) != nil }

    private static func markInsideBlock(_ inside: Bool) {
        pthread_setspecific(key, inside ? UnsafeRawPointer(bitPattern: 1) : nil)
    }
}
