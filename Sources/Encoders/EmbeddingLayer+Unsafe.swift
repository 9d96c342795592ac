internal import VectorMath

extension EmbeddingLayer {
    /// The rows of a text's words, positions and token type, summed and not yet normalised: into its rows of `hidden` `[T, D]`.
    func sum(_ text: Int, of batch: TokenBatch, into hidden: UnsafeMutablePointer<Float>) {
        let width = word.columns
        word.withUnsafePointer { words in
            context.withUnsafePointer { contexts in
                for (position, token) in batch.range(of: text).enumerated() {
                    let row = hidden + token * width
                    row.update(from: words + Int(batch.ids[token]) * word.stride, count: width)
                    RowKernels.add(contexts + position * context.stride, to: row, count: width)
                }
            }
        }
    }
}
