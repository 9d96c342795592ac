internal import Synchronization

/// The threads of the process: one pool, made at first use, that ``parallelFor(_:grain:_:)`` works on.
///
/// Work is cut into blocks by its size alone, never by the number of threads, so results do not depend on it. A call from
/// inside a block runs serially. Calls from several threads at once queue for the workers. Do not fork after first use.
public enum ThreadPool {
    /// Cores that this process may use: affinity mask and control group quota together.
    public static let availableCores = CoreCount.available()

    @TaskLocal private static var taskWidth: Int?
    private static let defaultWidth = Atomic<Int>(0)

    /// The number of threads that a call made here would use: 1 inside a block of another call.
    public static var width: Int {
        if WorkerPool.isInsideBlock { return 1 }
        if let taskWidth { return taskWidth }
        let chosen = defaultWidth.load(ordering: .relaxed)
        return chosen > 0 ? chosen : availableCores
    }

    /// Sets the number of threads for the whole process, at least 1.
    public static func setDefaultWidth(_ width: Int) {
        precondition(width >= 1, "a pool of \(width) threads")
        defaultWidth.store(width, ordering: .relaxed)
    }

    /// Runs `body` with another number of threads, for this task only.
    public static func withWidth<R>(_ width: Int, _ body: () throws -> R) rethrows -> R {
        precondition(width >= 1, "a pool of \(width) threads")
        return try $taskWidth.withValue(width, operation: body)
    }
}
