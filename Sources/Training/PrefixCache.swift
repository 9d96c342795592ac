internal import Encoders
internal import VectorMath

/// The hidden states that the lowest trained block reads, computed once a text: the blocks below stay as they are.
///
/// A text's states do not depend on the texts around it, so a step has the same bits whether they were kept or computed again.
struct PrefixCache: Sendable {
    /// Bytes that states may take; texts that come when they are used up are computed each time.
    let byteBudget: Int
    private var states: [[Int32]: Matrix<Float>] = [:]
    private(set) var byteCount = 0

    init(byteBudget: Int) {
        self.byteBudget = byteBudget
    }

    /// The states `[T, D]` of a batch.
    ///
    /// - Parameter compute: gives those of other texts.
    mutating func hiddenStates(
        _ batch: TokenBatch, compute: (TokenBatch) throws(EncodersError) -> Matrix<Float>
    ) throws(EncodersError) -> Matrix<Float> {
        let texts = (0..<batch.count).map { Array(batch.ids[batch.range(of: $0)]) }
        let missing = texts.indices.filter { states[texts[$0]] == nil }
        var fresh: [Int: Matrix<Float>] = [:]
        if !missing.isEmpty {
            let part = TokenBatch(missing.map { texts[$0] })
            let computed = try compute(part)
            for (place, text) in missing.enumerated() {
                let own = Matrix(copying: computed[rows: part.range(of: place)])
                fresh[text] = own
                let bytes = own.rows * own.stride * MemoryLayout<Float>.stride
                guard byteCount + bytes <= byteBudget, states[texts[text]] == nil else { continue }
                states[texts[text]] = own
                byteCount += bytes
            }
        }
        let width = (fresh.values.first ?? states[texts[0]]!).columns
        var result = Matrix<Float>(uninitializedRows: batch.tokenCount, columns: width)
        for (text, ids) in texts.enumerated() {
            result.setRows(from: batch.offsets[text], to: (fresh[text] ?? states[ids]!).view)
        }
        return result
    }
}
