extension PositionSet {
    /// Lends the bitmap, 32 positions to a word, the first the lowest bit of the first word.
    func withHalfWords<R>(_ body: (UnsafePointer<UInt32>) -> R) -> R {
        words.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { preconditionFailure("a bitmap of no positions") }
            return body(base.assumingMemoryBound(to: UInt32.self))
        }
    }
}
