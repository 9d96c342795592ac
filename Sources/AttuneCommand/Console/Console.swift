import Attune
import Glibc

/// Results go to stdout, everything else to stderr.
enum Console {
    /// One line of the result.
    static func print(_ line: String) {
        Swift.print(line)
    }

    /// The whole result as one JSON document.
    static func print(_ document: JSONValue) {
        Swift.print(document.serialized(pretty: true))
    }

    /// A remark beside the result; `--quiet` silences it.
    static func note(_ line: String, quiet: Bool) {
        if !quiet { write("\(line)\n") }
    }

    static func warn(_ line: String) {
        write("attune: warning: \(line)\n")
    }

    static func complain(_ line: String) {
        write("attune: \(line)\n")
    }

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }

    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Seconds on a clock that only goes forward.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// A number with so many digits behind the point, without Foundation.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let units = Int(scaled)
        let sign = value < 0 && units > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(units)" }
        let fraction = String(units % Int(scale))
        return "\(sign)\(units / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// A stretch of time as a person reads it: `0.8 s`, `42 s`, `3 min 05 s`.
    static func duration(_ seconds: Double) -> String {
        if seconds < 10 { return "\(fixed(seconds, 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        let rest = whole % 60
        return "\(whole / 60) min \(rest < 10 ? "0" : "")\(rest) s"
    }
}
