import Attune
import Synchronization

/// How far a collection is: a bar a step, one below the other. Safe to call from any thread.
final class CollectionProgressBars: Sendable {
    private let isQuiet: Bool
    private let current = Mutex<(progress: CollectionProgress, bar: Progress)?>(nil)

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    func update(_ progress: CollectionProgress) {
        current.withLock { current in
            if current?.progress.step != progress.step {
                Self.end(current)
                current = (progress, Progress(progress.step.phrase, unit: progress.step.unit, isQuiet: isQuiet))
            }
            current?.progress = progress
            current?.bar.update(done: progress.done, total: progress.total)
        }
    }

    func finish() {
        current.withLock { Self.end($0) }
    }

    /// A step tells how far it is before each piece of work: what follows it says that it is done.
    private static func end(_ current: (progress: CollectionProgress, bar: Progress)?) {
        guard let (progress, bar) = current else { return }
        bar.update(done: progress.total, total: progress.total)
        bar.finish()
    }
}

extension CollectionProgress.Step {
    fileprivate var phrase: String {
        switch self {
        case .embedding: "index"
        case .indexing(let step): "index, \(step.rawValue)"
        }
    }

    fileprivate var unit: String {
        switch self {
        case .indexing(.clustering): "rounds"
        case .indexing(.calibrating): "queries"
        case .embedding, .indexing: "passages"
        }
    }
}
