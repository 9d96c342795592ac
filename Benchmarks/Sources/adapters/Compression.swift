import Harness
import LowRank

/// An adapter cut to half its rank: from its factors, where the plain way decomposes a product as large as the weight.
enum Compression {
    static func measure() throws -> [Measurement] {
        try Shapes.weights.flatMap { outputs, inputs in
            try Shapes.ranks.map { rank in
                let adapter = try Shapes.adapter(Shapes.modules(outputs, inputs), rank: rank)
                let seconds = try Timing.median { _ = try adapter.compressed(to: .rank(rank / 2)) }
                return Measurement(
                    what: "truncated SVD", shape: Shapes.name(outputs, inputs), rank: rank,
                    seconds: seconds / Double(Shapes.count))
            }
        }
    }
}
