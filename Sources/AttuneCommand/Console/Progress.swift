import Synchronization

/// How far a long piece of work has come: a bar that redraws itself on a terminal, a plain line every few seconds
/// otherwise, nothing under `--quiet`. Shows done of total, the rate and the time left. Safe to call from any thread.
final class Progress: Sendable {
    private struct State {
        var lastShown: Double
        var isDrawn = false
    }

    /// What who reports knows better than a look at the clock.
    struct Pace {
        /// Units a second.
        let rate: Double
        let secondsLeft: Double
    }

    private let title: String
    private let unit: String
    private let isQuiet: Bool
    private let start: Double
    private let state: Mutex<State>

    /// - Parameters:
    ///   - title: What is being done.
    ///   - unit: What is counted, in the plural.
    init(_ title: String, unit: String, isQuiet: Bool) {
        self.title = title
        self.unit = unit
        self.isQuiet = isQuiet
        start = Console.now()
        state = Mutex(State(lastShown: start))
    }

    /// - Parameters:
    ///   - pace: Rate and time left; nil for those that the time since the start gives.
    ///   - remark: What else there is to say.
    func update(done: Int, total: Int, pace: Pace? = nil, remark: String = "") {
        guard !isQuiet else { return }
        let now = Console.now()
        state.withLock { state in
            let pause = Console.isTerminal ? 0.1 : 5.0
            guard now - state.lastShown >= pause || (done == total && state.isDrawn) else { return }
            state.lastShown = now
            state.isDrawn = true
            let pace = pace ?? Pace(done: done, total: total, elapsed: now - start)
            Console.write(line(done: done, total: total, pace: pace, remark: remark))
        }
    }

    /// Ends the line of the bar, so that what follows begins on its own.
    func finish() {
        state.withLock { state in
            if state.isDrawn && Console.isTerminal { Console.write("\n") }
            state.isDrawn = false
        }
    }

    private func line(done: Int, total: Int, pace: Pace, remark: String) -> String {
        let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
        var parts = ["\(done)/\(total) \(unit)"]
        if pace.rate > 0 {
            parts.append("\(Console.fixed(pace.rate, pace.rate < 10 ? 1 : 0))/s")
            if done < total { parts.append("\(Console.duration(pace.secondsLeft)) left") }
        }
        if !remark.isEmpty { parts.append(remark) }
        let text = parts.joined(separator: ", ")
        guard Console.isTerminal else { return "\(title): \(text)\n" }
        let width = 24
        let filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: "·", count: width - filled)
        return "\r\u{1B}[K\(title) [\(bar)] \(text)"
    }
}

extension Progress.Pace {
    /// The pace of work that began with nothing done.
    fileprivate init(done: Int, total: Int, elapsed: Double) {
        rate = elapsed > 0 ? Double(done) / elapsed : 0
        secondsLeft = rate > 0 ? Double(total - done) / rate : 0
    }
}

/// The progress of work that is done several times over: each pass has a bar of its own.
final class PassProgress: Sendable {
    private struct Pass {
        var progress: Progress?
        var total = 0
    }

    private let makeProgress: @Sendable () -> Progress
    private let pass = Mutex(Pass())

    init(_ title: String, unit: String, isQuiet: Bool) {
        makeProgress = { Progress(title, unit: unit, isQuiet: isQuiet) }
    }

    func update(done: Int, total: Int) {
        pass.withLock { pass in
            let progress = pass.total == total ? pass.progress ?? makeProgress() : makeProgress()
            progress.update(done: done, total: total)
            pass = done < total ? Pass(progress: progress, total: total) : Pass()
            if done >= total { progress.finish() }
        }
    }
}
