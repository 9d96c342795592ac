internal import Synchronization

/// Runs `body` on consecutive blocks of `0..<count`, each of `grain` indices (the last one of fewer), on the threads of
/// the pool, and returns when all are done.
///
/// Blocks run at the same time and in any order; which block holds which indices depends on `count` and `grain` alone.
/// One block runs on the caller's thread, and its own calls may be parallel again.
public func parallelFor(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    precondition(count >= 0 && grain >= 1, "\(count) indices in blocks of \(grain)")
    let blocks = count / grain + (count % grain == 0 ? 0 : 1)
    func run(_ block: Int) {
        let start = block * grain
        body(start..<start + min(grain, count - start))
    }
    // Asking for the width costs more than a small piece of work.
    let width = blocks <= 1 ? 1 : min(ThreadPool.width, blocks)
    if width <= 1 {
        for block in 0..<blocks { run(block) }
    } else {
        WorkerPool.shared.run(blocks: blocks, width: width, run)
    }
}

/// As the other, with a body that may throw: the error of the first block that fails, by its place, is rethrown.
///
/// Blocks after one that failed may be left out; those before it never are, so the error does not depend on threads.
public func parallelFor(_ count: Int, grain: Int, throwing body: (Range<Int>) throws -> Void) throws {
    let failure = Mutex<(start: Int, error: any Error)?>(nil)
    let firstFailure = Atomic<Int>(.max)
    parallelFor(count, grain: grain) { range in
        guard range.lowerBound < firstFailure.load(ordering: .relaxed) else { return }
        do {
            try body(range)
        } catch {
            failure.withLock { failure in
                guard range.lowerBound < failure?.start ?? .max else { return }
                failure = (range.lowerBound, error)
                firstFailure.store(range.lowerBound, ordering: .relaxed)
            }
        }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
}
