internal import Files
internal import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// What a run was computed on, for its record.
enum Hardware {
    /// The processor's name, as the system gives it.
    static let processor: String = {
        // A file of the kernel has no size to map: it is read line by line.
        guard let file = fopen("/proc/cpuinfo", "r") else { return "unknown" }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let line {
            let text = String(cString: line)
            guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
            return text[text.index(after: colon)...].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        return "unknown"
    }()

    /// Processor, instruction set and threads.
    static var json: JSONValue {
        [
            "processor": .string(processor), "instruction_set": .string(InstructionSet.current.rawValue),
            "cores": .integer(Int64(ThreadPool.availableCores)), "threads": .integer(Int64(ThreadPool.width)),
        ]
    }
}

/// The present moment in UTC, as ISO 8601 writes it: `2026-01-31T23:59:59Z`.
func timestamp() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
}
