internal import VectorMath

/// How the codes of a segment are made: what is subtracted, the unit of length, the rotation.
struct CodeEncoding: Equatable, Sendable {
    /// The seed of every index's rotation: equal vectors have equal codes.
    static let seed: UInt64 = 0x5eed_0001

    let metric: Metric
    /// The mean of the vectors, `[D]`.
    let centre: [Float]
    /// A power of two that makes differences from the centre about 1 long.
    let scale: Float
    let rotation: RandomRotation

    var dimension: Int { centre.count }
    /// D padded: the bits of a code.
    var width: Int { rotation.width }
    /// Whether a block has a third number for each vector, the inner product of centre and vector: where lengths differ.
    var hasAddends: Bool { metric == .innerProduct }
    var blockSize: Int { Self.blockSize(metric: metric, dimension: dimension) }

    static func blockSize(metric: Metric, dimension: Int) -> Int {
        CodeKernels.blockSize(
            width: RandomRotation.width(dimension: dimension), hasAddends: metric == .innerProduct)
    }

    static func blockCount(_ count: Int) -> Int { (count + CodeKernels.blockCount - 1) / CodeKernels.blockCount }
}

/// The codes of a segment's rows: blocks of 32, in memory or in a mapped file.
struct SegmentCodes: Sendable {
    let encoding: CodeEncoding
    /// A block a row; of a file, only those that were checked are to be read.
    let blocks: MatrixView<UInt8>
}
