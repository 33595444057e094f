"""What differs between two versions of the BDS, and how far it reaches."""
