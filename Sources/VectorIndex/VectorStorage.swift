internal import VectorMath

/// In what an index keeps the numbers of its vectors, fixed when it is made.
///
/// A search compares a float32 query with the vectors as they are kept, and its scores are those of the vectors that
/// ``VectorSearching/vector(of:)`` returns, bit for bit; they differ from those of the vectors that were added as said here.
/// Vectors for `cosine` are brought to length 1 first.
public enum VectorStorage: String, CaseIterable, Codable, Sendable {
    /// As they are: 4 bytes a coordinate.
    case float32

    /// Rounded to 8 bits of precision: 2 bytes a coordinate. No coordinate changes by more than one part in 256, so no
    /// cosine by more than 0.004; of MiniLM's vectors by 0.0005 at most, 0.0001 as a rule.
    case bfloat16

    /// In 8 bits, the range of a vector's own coordinates in 255 equal steps: a byte a coordinate, and 8 bytes a vector.
    ///
    /// No coordinate changes by more than half a step, and for `cosine` the vector is brought to length 1 again. A cosine
    /// changes by at most √D·step; of MiniLM's vectors by 0.0022 at most, 0.0004 as a rule. The range is the vector's own, not
    /// one about zero: where all coordinates have one sign, as in images, the steps are half as large for it.
    case int8
}

extension VectorStorage {
    /// The bytes from one row to the next: whole 64 where rows are of floats, whole 8 where they are of bytes.
    func rowSize(dimension: Int) -> Int {
        switch self {
        case .float32: 4 * IndexFileLayout.stride(dimension)
        case .bfloat16: (2 * dimension + 63) / 64 * 64
        case .int8: ByteRow.size(dimension: dimension)
        }
    }

    /// The bytes of a row that say something; those behind them fill it up.
    func contentSize(dimension: Int) -> Int {
        switch self {
        case .float32: 4 * dimension
        case .bfloat16: 2 * dimension
        case .int8: ByteRow.size(dimension: dimension)
        }
    }

    /// What codes are made for: rounded to bfloat16, vectors of length 1 have other lengths, and the code of each has
    /// to say its own, as for inner products.
    func codedMetric(_ metric: Metric) -> Metric {
        self == .bfloat16 && metric == .cosine ? .innerProduct : metric
    }

    /// How far from 1 the square of a vector's length may be where they are brought to length 1.
    var lengthSlack: Double { self == .bfloat16 ? 0x1p-6 : 1e-3 }

    /// The number that stands for the storage in a file.
    var code: UInt32 {
        switch self {
        case .float32: 0
        case .bfloat16: 1
        case .int8: 2
        }
    }

    init?(code: UInt32) {
        guard let storage = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = storage
    }
}
