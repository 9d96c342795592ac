internal import Glibc

/// A folder that appears complete under its name or not at all.
///
/// Its files are made in a temporary folder beside the destination; `commit()` puts them on the disk and renames the folder
/// into place. Without a commit everything is removed. For use by one thread at a time.
public final class AtomicFolder {
    /// The path that the folder will have.
    public let path: String

    /// Where its files are to be written until then.
    public let temporaryPath: String

    private let destination: String
    private let force: Bool
    private var isOpen = true

    /// Begins a folder.
    ///
    /// - Parameter force: Whether what stands under that name may be replaced, with everything in it; without it,
    ///   `alreadyExists` is thrown here or, when something appears in the meantime, by `commit()`.
    public init(replacing path: String, force: Bool = false) throws(FilesError) {
        self.path = path
        self.force = force
        let taken = FileSystem.exists(path)
        if taken, !force { throw .alreadyExists(path: path) }
        destination = FileSystem.absolutePath(of: path)
        if taken {
            for (folder, name) in [
                (FileSystem.currentFolder, "the current folder"), (FileSystem.homeFolder, "the home folder"),
            ] where AtomicFolder.isSame(FileSystem.absolutePath(of: folder), orInside: destination) {
                throw .cannotWrite(path: path, reason: "refusing to replace \(name), or what holds it")
            }
        }
        temporaryPath = TemporaryPaths.name(beside: destination)
        TemporaryPaths.insert(temporaryPath)
        guard mkdir(temporaryPath, 0o777) == 0 else {
            let reason = SystemCall.lastError
            TemporaryPaths.remove(temporaryPath)
            isOpen = false
            throw .cannotWrite(path: path, reason: reason)
        }
    }

    deinit { discard() }

    /// Puts the files on the disk and gives the folder its name.
    public func commit() throws(FilesError) {
        precondition(isOpen, "commit of an atomic folder after commit or discard")
        do throws(FilesError) {
            try synchronize(temporaryPath)
            try rename()
            try SystemCall.synchronizeFolder(FileSystem.parent(of: destination))
        } catch {
            discard()
            throw error
        }
        isOpen = false
        // After an exchange the temporary name holds what was replaced.
        try? FileSystem.remove(temporaryPath)
        TemporaryPaths.remove(temporaryPath)
    }

    /// Drops what was written. After a commit it does nothing.
    public func discard() {
        guard isOpen else { return }
        isOpen = false
        try? FileSystem.remove(temporaryPath)
        TemporaryPaths.remove(temporaryPath)
    }

    private func rename() throws(FilesError) {
        let code = SystemCall.rename(temporaryPath, to: destination, .withoutReplacing)
        switch code {
        case 0: return
        case EEXIST:
            guard force else { throw .alreadyExists(path: path) }
            let exchanged = SystemCall.rename(temporaryPath, to: destination, .exchanging)
            if exchanged == 0 { return }
            guard exchanged == ENOSYS else {
                throw .cannotWrite(path: path, reason: SystemCall.message(for: exchanged))
            }
            try renameInTwoSteps()
        case ENOSYS: try renameInTwoSteps()
        default: throw .cannotWrite(path: path, reason: SystemCall.message(for: code))
        }
    }

    /// For file systems without an exchange: the old one aside, the new one in, and the old one back when that fails.
    func renameInTwoSteps() throws(FilesError) {
        guard FileSystem.exists(destination) else {
            guard Glibc.rename(temporaryPath, destination) == 0 else {
                throw .cannotWrite(path: path, reason: SystemCall.lastError)
            }
            return
        }
        guard force else { throw .alreadyExists(path: path) }
        let aside = TemporaryPaths.name(beside: destination)
        guard Glibc.rename(destination, aside) == 0 else {
            throw .cannotWrite(path: path, reason: SystemCall.lastError)
        }
        guard Glibc.rename(temporaryPath, destination) == 0 else {
            let reason = SystemCall.lastError
            guard Glibc.rename(aside, destination) == 0 else {
                throw .cannotWrite(path: path, reason: "\(reason); what it held is now in \(aside)")
            }
            throw .cannotWrite(path: path, reason: reason)
        }
        TemporaryPaths.insert(aside)
        try? FileSystem.remove(aside)
        TemporaryPaths.remove(aside)
    }

    private func synchronize(_ folder: String) throws(FilesError) {
        for name in try FileSystem.names(in: folder) {
            let file = FileSystem.joined(folder, name)
            guard let status = SystemCall.statusOfLink(at: file) else { continue }
            if SystemCall.isDirectory(status) {
                try synchronize(file)
            } else if SystemCall.isRegular(status) {
                let descriptor = open(file, O_RDONLY | O_CLOEXEC)
                guard descriptor >= 0 else { throw .cannotWrite(path: file, reason: SystemCall.lastError) }
                defer { close(descriptor) }
                try SystemCall.synchronize(descriptor, path: file)
            }
        }
        try SystemCall.synchronizeFolder(folder)
    }

    private static func isSame(_ path: String, orInside folder: String) -> Bool {
        path == folder || folder == "/" || path.hasPrefix(folder + "/")
    }
}
