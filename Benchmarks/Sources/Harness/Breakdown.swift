internal import CSampling

/// Where the processor's time goes, by samples of what it executes, a thousand a second.
public struct Breakdown {
    /// A part of the work, and what the names of its functions hold.
    public struct Part: Sendable {
        let name: String
        let marks: [String]

        public init(_ name: String, _ marks: String...) {
            self.name = name
            self.marks = marks
        }
    }

    /// The share of each part in the time, largest first.
    public let shares: [(part: String, share: Double)]

    /// Does some work and samples it.
    ///
    /// - Parameter parts: A sample belongs to the first part with a mark that the name of its function holds.
    public init(_ parts: [Part], of work: () throws -> Void) rethrows {
        guard attune_sampling_start(1000) == 0 else {
            try work()
            shares = []
            return
        }
        let count: Int
        do {
            try work()
            count = attune_sampling_stop()
        } catch {
            _ = attune_sampling_stop()
            throw error
        }
        var samples: [String: Int] = [:]
        for sample in 0..<count {
            let function = String(cString: attune_sampling_name(sample))
            let part = parts.first { $0.marks.contains { function.contains($0) } }?.name
            samples[function.isEmpty ? "system, libraries" : part ?? "everything else", default: 0] += 1
        }
        shares = samples.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { ($0.key, Double($0.value) / Double(count)) }
    }
}
